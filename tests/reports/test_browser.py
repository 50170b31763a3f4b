"""The page in a real browser, where there is one."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.image import imread

from bench.results import store
from reports.__main__ import main

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium here")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]

# A frame as wide as a phone, because a headless window has a least width; it reports its content's width.
FRAME = """<!doctype html><title>?</title><body style="margin:0"><iframe id="f" src="{page}"
style="width:{width}px;height:900px;border:0"></iframe><script>
document.getElementById("f").onload = (event) => {{
  const page = event.target.contentDocument.documentElement;
  const overlaps = [...page.querySelectorAll("svg")].map((svg) => {{
    const boxes = [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => a.left < b.right - 1 && b.left < a.right - 1
      && a.top < b.bottom - 2 && b.top < a.bottom - 2)).length;
  }});
  const outside = [...page.querySelectorAll("svg")].map((svg) => {{
    const whole = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect())
      .filter((box) => box.left < whole.left - 1 || box.right > whole.right + 1).length;
  }});
  document.title = "";
  document.body.textContent = "wide=" + page.scrollWidth + " charts=" + overlaps.length
    + " overlaps=" + overlaps.reduce((a, b) => a + b, 0) + " outside=" + outside.reduce((a, b) => a + b, 0) + ";";
}};</script>"""


def browse(profile, *arguments):
    profile.mkdir()
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def measured(folder, width):
    """Write the report of the run in `folder`; return what a frame of that width says of it."""
    assert main([str(folder / "run")]) == 0
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(page="run/report.html", width=width))
    return browse(
        folder / "profile",
        "--allow-file-access-from-files",
        "--virtual-time-budget=5000",
        "--window-size=1700,1000",
        "--dump-dom",
        frame.as_uri(),
    )


LONG = ("tf", "tf_xla_with_a_long_name", "torch", "torch_compile_max_autotune")


@pytest.mark.parametrize(("width", "contenders"), [(400, LONG), (400, LONG[::2]), (1000, LONG), (1600, LONG)])
def test_the_page_fits_and_nothing_overlaps(make_run, tmp_path, width, contenders):
    make_run(tmp_path / "run", contenders=contenders)
    assert f"wide={width} charts=9 overlaps=0 outside=0;" in measured(tmp_path, width)


def describe(folder, results):
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
    for trial in results.trials:
        trial.input_seconds = 1e-3
    store.write(folder, results)


@pytest.mark.parametrize("width", [400, 1000])
def test_the_data_fit_too(make_run, tmp_path, width):
    describe(tmp_path / "run", make_run(tmp_path / "run"))
    assert f"wide={width} charts=11 overlaps=0 outside=0;" in measured(tmp_path, width)


@pytest.mark.parametrize(("scheme", "dark"), [(1, False), (0, True)])
def test_light_and_dark_follow_the_reader(run_folder, tmp_path, scheme, dark):
    assert main([str(run_folder)]) == 0
    picture = tmp_path / "page.png"
    browse(
        tmp_path / "profile",
        f"--blink-settings=preferredColorScheme={scheme}",
        f"--screenshot={picture}",
        "--window-size=1000,1400",
        (run_folder / "report.html").as_uri(),
    )
    grey = imread(picture)[..., :3].mean(axis=2)
    assert (np.median(grey) < 0.2) == dark
    # Text and charts stand out from the paper: a good share of the points is far from its shade.
    assert (np.abs(grey - np.median(grey)) > 0.4).mean() > 0.01
