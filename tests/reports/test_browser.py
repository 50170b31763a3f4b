"""The page in a real browser, where there is one."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest

from bench.results import store
from bench.results.schema import Results
from reports.load import load
from reports.page import build
from reports.render import html

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium here")

LONG = ("tf", "tf_xla_with_a_long_name", "torch", "torch_compile_max_autotune")
A4 = 718
"""Pixels between the margins."""

SWEEP_CHARTS = 1 + 9 + 4 * 3
"""The map; those of the run that left its tables; of the others those that need none."""

MISPLACED = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const meet = (a, b, slack) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - slack
    && b.top < a.bottom - slack;
  const found = wide > 0 ? [`the page is ${wide} px too wide`] : [];
  for (const svg of document.querySelectorAll("svg")) {
    const whole = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    texts.forEach(([one, a], place) => {
      if (a.left < whole.left - 1 || a.right > whole.right + 1) found.push(`${svg.ariaLabel}: outside: ${one}`);
      for (const [other, b] of texts.slice(place + 1)) {
        if (meet(a, b, 2)) found.push(`${svg.ariaLabel}: ${one} on ${other}`);
      }
    });
  }
  const lone = (element) => element.getClientRects().length && getComputedStyle(element).position !== "absolute"
    && getComputedStyle(element).display !== "inline";
  for (const parent of document.querySelectorAll("main, main *:not(svg):not(svg *)")) {
    const blocks = [...parent.children].filter(lone).map((child) => [child, child.getBoundingClientRect()]);
    blocks.forEach(([one, a], place) => {
      const [other, b] = blocks[place + 1] ?? [];
      if (other && meet(a, b, 1)) found.push(`${one.className || one.tagName} on ${other.className || other.tagName}`);
    });
  }
  return found;
}"""

PALE = """() => {
  // What is mixed is told in shares of one.
  const scale = (colour, place) => (colour.startsWith("color(") && place < 3 ? 255 : 1);
  const parts = (colour) => colour.match(/[\\d.]+/g).map((v, place) => Number(v) * scale(colour, place));
  const light = (colour) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = parts(colour).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if ((parts(colour)[3] ?? 1) === 1) return colour;
    }
    throw new Error("no background");
  };
  const found = new Set();
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || element.matches("script, .dot, title")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(element.closest("svg") ? style.fill : style.color), light(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.add(`${texts.currentNode.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return [...found];
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def reports(make_run, with_answers, tmp_path_factory):
    """The reports of a run with everything that is wide, and of a sweep with everything that can go wrong."""
    folder = tmp_path_factory.mktemp("reports")
    describe(folder / "run", make_run(folder / "run", contenders=LONG), with_answers)
    ratios = iter((0.61, 0.97, 1.6, 0.82, 1.05))
    for number, (dataset, model) in enumerate(
        (d, m) for d in ("digits", "fashion_mnist") for m in ("mlp", "cnn", "vgg")
    ):
        place = folder / "sweep" / str(number)
        if number == 5:
            store.write(place, Results(status="failed", message="no such GPU"))
            (place / "log.txt").write_text("loading\nCUDA_ERROR_NO_DEVICE\n")
        else:
            results = make_run(place, dataset=dataset, model=model, repeats=2, files=number == 0)
            ratio = next(ratios)
            for trial in results.trials:
                if trial.contender == "torch":
                    trial.step_seconds *= ratio / 0.76
            store.write(place, results)
        (place / ".hydra").mkdir()
        (place / ".hydra" / "overrides.yaml").write_text(f"- dataset={dataset}\n- model={model}\n- train.epochs=5\n")
    written = {name: folder / f"{name}.html" for name in ("run", "sweep")}
    for name, path in written.items():
        path.write_text(html(build(load([folder / name]), pictures=False)), encoding="utf-8")
    return written


def describe(folder, results, answer):
    """Give a run data with everything that is wide: names, notes, facts, pictures."""
    dataset = results.dataset
    dataset.classes = ["WWWWWWWWWWWWWW", *(f"{place}_{'a_long_name_' * 5}" for place in range(9))]
    dataset.class_weights = [1.0] * 10
    dataset.note = "synthetic stand-in of a dataset with a long name: accuracies say nothing about it"
    dataset.facts = {"a heading of some length": "words and " * 20, "path": "/x" * 100}
    dataset.samples = "data/samples.npy"
    (folder / "data").mkdir()
    rng = np.random.default_rng(0)
    np.save(folder / dataset.samples, rng.integers(0, 255, (10, 8, 32, 32, 3), dtype=np.uint8))
    for when in ("before", "after"):
        np.save(folder / f"trials/tf-0/record_{when}.npy", np.zeros((28, 28, 1), np.uint8))
    dataset.disputed, dataset.disputed_images = [1, 3], "data/disputed.npy"
    np.save(folder / dataset.disputed_images, rng.integers(0, 255, (2, 32, 32, 3), dtype=np.uint8))
    results.model.input_shape, results.model.outputs = [32, 32, 3], 10
    results.config["train"]["target"] = 0.9
    for trial in results.trials:
        trial.input_seconds = 1e-3
        trial.memory = {"start": 3 * 10**7, "peak": 7 * 10**8, "device": 10**9}
        trial.predict_rates = {"1": 1e3, "32": 2e4}
        trial.energy_joules = 100.0
        trial.target, trial.target_seconds, trial.target_reached = 0.9, 1.5, trial.repeat > 0
    answer(folder, results, {LONG[0]: [[1, 3, 5], [3]], LONG[1]: [[5], []]})


@pytest.fixture(scope="module", params=["run", "sweep"])
def report(browser, reports, request):
    """A report opened once, for tests that only look: with everything unfolded, and all it asked for and said."""
    page = browser.new_page()
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(reports[request.param].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
    page.charts = 14 if request.param == "run" else SWEEP_CHARTS
    yield page
    page.close()


def test_nothing_is_asked_for_and_nothing_is_complained_of(report):
    assert report.asked == [report.url]
    assert report.said == []
    assert report.locator("figure.chart svg").count() == report.charts


@pytest.mark.parametrize("width", [400, 1000, 1600])
def test_the_page_fits_and_nothing_overlaps(report, width):
    report.set_viewport_size({"width": width, "height": 900})
    assert report.evaluate(MISPLACED) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(report, scheme):
    report.emulate_media(color_scheme=scheme)
    ground = report.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    assert report.evaluate(PALE) == []


@pytest.fixture
def visit(browser, reports):
    """Open a report, for tests that act."""
    opened = []

    def open_(name, width=1000, **options):
        opened.append(browser.new_page(viewport={"width": width, "height": 900}, **options))
        opened[-1].goto(reports[name].as_uri())
        return opened[-1]

    yield open_
    for page in opened:
        page.close()


def column(page, place):
    return page.locator(f"table.runs tbody tr:visible td:nth-child({place})").all_inner_texts()


def test_the_table_of_runs_sorts_and_filters(visit):
    page = visit("sweep")
    assert column(page, 1) == ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4", "5"]
    head = page.locator("table.runs th", has_text="ratio")
    head.locator("button").click()
    assert [float(text.split("×")[0]) for text in column(page, 6) if "×" in text] == [0.61, 0.82, 0.97, 1.05, 1.6]
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, 1)[-1] == "5", "what has no ratio comes last"
    head.locator("button").click()
    assert [float(text.split("×")[0]) for text in column(page, 6) if "×" in text] == [1.6, 1.05, 0.97, 0.82, 0.61]
    assert column(page, 1)[-1] == "5"
    page.locator(".tools input").fill("fashion torch")
    assert column(page, 1) == ["4", "3"]
    assert page.locator(".tools output").inner_text() == "2 of 11 rows"
    page.locator("table.runs a:visible").first.click()
    assert page.url.endswith("#run-4")


def test_a_phone_sorts_by_a_list(visit):
    page = visit("sweep", 400)
    assert not page.locator("table.runs thead").is_visible()
    page.locator(".tools select").select_option(label="by time per step ↓")
    slower = [text.endswith("torch") for text in column(page, 4)[:10]]  # than tf, of which all steps take the same
    assert slower == [True, True, *[False] * 5, *[True] * 3]


def drawing(page, title):
    figure = page.locator("figure.chart", has=page.locator("figcaption", has_text=title)).first
    figure.scroll_into_view_if_needed()
    return figure, figure.locator("svg").bounding_box()


def test_the_pointer_reads_values(visit):
    page = visit("run")
    figure, box = drawing(page, "Accuracy against epochs")
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.5)
    told = figure.locator(".reading").inner_text().replace("\u202f", " ").splitlines()
    loss = sum(2.3 * math.exp(-0.7 * 3) + 0.02 * repeat for repeat in range(3)) / 3  # as conftest makes it up
    assert told[:2] == ["epoch 3", f"● tf, validation: {100 * (0.98 - loss / 3):.1f} %"]
    assert len(told) == 1 + 2 * len(LONG)
    page.mouse.move(1, 1)
    assert not figure.locator(".reading").is_visible()


def test_long_curves_zoom_and_come_back(visit):
    page = visit("run")
    figure, box = drawing(page, "Training loss per step")
    labels = figure.locator(".axes .x text:visible")
    before = labels.all_text_contents()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=3)
    page.mouse.up()
    shown = [float(text) for text in figure.locator(".marks text[text-anchor=middle]").all_text_contents()]
    assert 40 < min(shown) < max(shown) < 150
    assert labels.all_text_contents() == ["training step"]
    # The pointer reads where the curve is shown, not where it was drawn.
    page.mouse.move(box["x"] + box["width"] * 0.18, box["y"] + box["height"] * 0.5)
    assert 45 < float(figure.locator(".reading b").inner_text().removeprefix("step ")) < 90
    figure.locator("svg").dblclick()
    assert labels.all_text_contents() == before
    assert figure.locator(".marks text").count() == 0


@pytest.mark.parametrize("name", ["run", "sweep"])
def test_paper_shows_everything(visit, name):
    page = visit(name, A4)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 33, 40)", "paper is white"
    folded = page.locator("th", has_text="where the tolerance is from").first
    assert folded.bounding_box()["height"] > 0
    assert not page.locator(".tools:visible, .hint:visible").count()
    assert page.evaluate(MISPLACED) == []
    cut = "[...document.querySelectorAll('.scroll, pre')].filter((item) => item.scrollWidth > item.clientWidth + 1)"
    assert page.evaluate(f"{cut}.map((item) => item.textContent.slice(0, 60))") == []


def test_the_page_is_complete_without_script(visit):
    page = visit("sweep", java_script_enabled=False)
    assert page.locator("table.runs tbody tr").count() == 11
    assert page.locator("figure.chart svg").count() == SWEEP_CHARTS
    assert "CUDA_ERROR_NO_DEVICE" in page.locator(".failures").inner_text()
    assert not page.locator(".tools, .reading, th button").count()
    assert "Drag to zoom" not in page.locator("main").inner_text()


@pytest.mark.parametrize("name", ["trials.csv", "trials.json"])
def test_the_raw_trials_are_taken_out_of_the_page(visit, name, tmp_path):
    page = visit("run")
    with page.expect_download() as download:
        page.locator(f"a[download='{name}']").click()
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / name)
    content = (tmp_path / name).read_text()
    assert content.count("torch_compile_max_autotune-2") == 1, "the folder of its third trial"
