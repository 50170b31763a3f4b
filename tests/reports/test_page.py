from __future__ import annotations

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from bench.results import store
from bench.results.across import Across
from bench.results.schema import Check, Comparison, Parity, Results
from reports import page as pages
from reports import palette
from reports.load import load
from reports.render import html

CURVES = {"loss-epochs", "accuracy-epochs", "loss-seconds", "accuracy-seconds"}
CHARTS = {"ratios", "parts", "latency", "phases", "loss-per-step", *CURVES}


class Seen(HTMLParser):
    """Tags with their attributes, all text, and ids, of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def rendered(*folders, **options) -> str:
    return html(pages.build(load(list(folders)), pictures=False, **options))


def words(text: str) -> str:
    return re.sub(r"\s+", " ", Seen(re.sub(r"<(style|script).*?</\1>", "", text, flags=re.DOTALL)).text)


def own_scripts(text: str) -> int:
    """Return how many scripts a page has; all of them are numbers of a chart, but one that the page vouches for."""
    *numbers, script = re.findall(r"<script([^>]*)>(.*?)</script>", text, flags=re.DOTALL)
    assert {kind for kind, _ in numbers} <= {' type="application/json"'}
    assert all(json.loads(content)["series"] for _, content in numbers)
    vouched = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{vouched}'\"" in text
    return len(numbers) + 1


def test_a_run_says_its_verdict_first(run_folder):
    text = words(rendered(run_folder))
    assert text.index("torch is 1.32× faster than tf per training step") < text.index("contender")
    assert "Certified: the same work" in text
    assert "1.24 ms" in text.replace("\u202f", " ")
    assert "97.4 % ± 0.20" in text.replace("\u202f", " ")
    assert "PyTorch 2.15.0" in text
    assert "adam (learning rate 0.001)" in text
    assert "Three repeats make a wide interval. Try measure.repeats=5." in text
    for heading in ("Learning", "Speed", "Evidence", "Parity certificate", "Trials", "Data", "Model", "Machine"):
        assert heading in text
    assert "python -m bench dataset=digits model=mlp" in text
    assert "batch_size: 64" in text


def test_every_chart_is_there_valid_and_with_ids_of_its_own(run_folder):
    page = pages.build(load([run_folder]))
    assert {name for name, _ in page.charts} == CHARTS
    for _, chart in page.charts:
        for svg in (chart.svg, str(chart.markup)):
            assert ET.fromstring(svg).tag.endswith("svg")
        assert chart.png is not None
        assert chart.png.startswith(b"\x89PNG")
    seen = Seen(html(page))
    ids = [attributes["id"] for _, attributes in seen.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    used = [value for _, a in seen.tags for key, value in a.items() if key.endswith("href") and value]
    assert {value[1:] for value in used if value.startswith("#")} <= set(ids)


def test_nothing_is_asked_of_the_network_and_no_other_script_runs(run_folder, sweep_folder):
    for text in (rendered(run_folder), rendered(sweep_folder)):
        seen = Seen(text)
        assert "default-src 'none'" in text
        assert not [tag for tag, _ in seen.tags if tag in ("link", "iframe", "img", "object", "base")]
        assert len([tag for tag, _ in seen.tags if tag == "script"]) == own_scripts(text)
        for _, attributes in seen.tags:
            # What may be taken away lies in the page itself, and is saved, not shown.
            inside = ("#", "data:text/csv;", "data:application/json;") if "download" in attributes else "#"
            for key, value in attributes.items():
                assert not key.startswith("on")
                if key in ("src", "href", "xlink:href", "action"):
                    assert (value or "").startswith(inside)
        assert "@import" not in text
        assert not re.search(r"url\((?!#)", text)


def test_light_and_dark_take_every_colour_from_the_page(run_folder):
    text = rendered(run_folder)
    assert "prefers-color-scheme: dark" in text
    drawings = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert "currentColor" in drawings
    assert palette.INK not in drawings
    assert not [colour for colour in palette.LIGHT if colour in drawings]
    assert {"var(--c0)", "var(--c1)"} == set(re.findall(r"var\(--c\d\)", drawings))


def test_hostile_names_are_text(make_run, tmp_path):
    evil = "<script>alert(1)</script>\"'$\\frac{"
    results = make_run(tmp_path, repeats=1)
    for trial in results.trials:
        trial.contender = trial.contender if trial.contender == "tf" else evil
        trial.message, trial.status = evil, "failed" if trial.contender == evil else "ok"
    results.contenders[1].name = results.contenders[1].framework = evil
    results.comparison[0].contender = results.comparison[0].verdict = evil
    results.message, results.status, results.command = evil, "failed", evil
    results.config = results.conditions = results.machine = {evil: {evil: [evil]}}
    results.dataset.title = results.dataset.note = results.dataset.classes[0] = evil
    results.model.layers[0].name = results.warnings[0].message = results.parity.checks[0].detail = evil
    (tmp_path / "trials/torch-0/log.txt").write_text(evil)
    store.write(tmp_path, results)
    text = rendered(tmp_path)
    assert text.count("<script") == own_scripts(text)
    assert "alert(1)" in text
    for drawing in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        ET.fromstring(drawing)


def test_an_uncertified_run_is_marked_everywhere(make_run, tmp_path):
    results = make_run(tmp_path)
    results.parity.passed, results.parity.message = False, "gradients depart at layer 2"
    results.parity.checks.append(
        Check(
            contender="torch",
            baseline="tf",
            quantity="weights",
            precision="float64",
            error=None,
            tolerance=1e-9,
            scale="the global norm",
            passed=False,
            detail="first at step 1: epsilon?",
        )
    )
    for item in results.comparison:
        item.certified = False
    store.write(tmp_path, results)
    text = words(rendered(tmp_path))
    assert "NOT certified gradients depart at layer 2" in text
    assert "Certified: the same work" not in text
    assert text.count("uncertified") >= 2 + len(results.comparison)
    assert text.index("first at step 1: epsilon?") < text.index("✓")


def test_synthetic_data_is_said_beside_every_accuracy(make_run, tmp_path):
    results = make_run(tmp_path)
    results.dataset.synthetic, results.dataset.note = True, "synthetic stand-in"
    store.write(tmp_path, results)
    text = rendered(tmp_path)
    assert text.count("synthetic stand-in") >= 7


def test_trials_that_did_not_end_well_are_named(make_run, tmp_path):
    results = make_run(tmp_path)
    results.status, results.message = "interrupted", "stopped by Ctrl-C"
    results.trials[1].status, results.trials[1].message = "diverged", "the loss is NaN at step 17"
    store.write(tmp_path, results)
    text = words(rendered(tmp_path))
    assert "This run was interrupted: stopped by Ctrl-C. 5 finished trials shown." in text
    assert f"What is missing is done by python -m bench resume={tmp_path}" in text
    assert "torch, repeat 1: diverged. the loss is NaN at step 17" in text
    assert "the last line" in text
    assert "2 of 3 trials finished" in text


def test_a_lone_contender_has_nothing_to_compare(make_run, tmp_path):
    make_run(tmp_path, contenders=("torch",))
    text = words(rendered(tmp_path)).replace("\u202f", " ")
    assert "torch alone: 1.24 ms per training step" in text
    assert "Lone contender There is nothing to compare it with." in text
    assert "NOT certified" not in text


def test_a_run_with_nothing_in_it_still_makes_a_page(tmp_path):
    store.write(tmp_path, store.build(Results, {"status": "failed", "message": "no GPU"}))
    text = words(rendered(tmp_path))
    assert "This run failed: no GPU. 0 finished trials shown." in text


def test_missing_tables_cost_their_charts_alone(make_run, tmp_path):
    make_run(tmp_path, files=False)
    page = pages.build(load([tmp_path]), pictures=False)
    assert {name for name, _ in page.charts} == {"ratios", "parts", "phases"}
    assert "steps.parquet is missing" in words(html(page))


@pytest.mark.parametrize("value", [1e300, 1e-300, -1.0, 0.0, None])
def test_absurd_numbers_cost_a_chart_at_most(make_run, tmp_path, value):
    results = make_run(tmp_path, repeats=2)
    for item in (*results.comparison, *results.agreement):
        item.low = item.high = value
    for item in results.comparison[1:]:
        item.ratio = value
    for trial in results.trials:
        trial.step_seconds = trial.throughput = trial.epoch_seconds = value
        trial.metrics["test_accuracy"] = value
        trial.phases["train"] = value or 0.0
        trial.num_parameters = 10**300
    store.write(tmp_path, results)
    assert "Evidence" in rendered(tmp_path)


def test_huge_tables_are_cut_and_counted(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    results.parity.checks *= 1000
    store.write(tmp_path, results)
    text = rendered(tmp_path)
    assert f"and {len(results.parity.checks) - pages.MOST_ROWS} more in results.json" in text


def test_a_sweep_begins_with_its_overview(sweep_folder):
    text = rendered(sweep_folder)
    head = words(text.split("<article")[0])
    assert "2 of 5 runs finished; not finished: runs 2, 3, 10" in head
    assert "torch is faster than tf in 2 of 3 certified runs, no interval in 1 (per training step, 95 %" in head
    assert "no such GPU <0>" in head
    assert "model=<b>cnn</b>" in head
    assert text.count("<article") == 5
    assert "This run was interrupted: stopped by Ctrl-C" in words(text)
    ids = [attributes["id"] for _, attributes in Seen(text).tags if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_one_colour_per_contender_throughout_a_sweep(make_run, tmp_path):
    make_run(tmp_path / "0", contenders=("torch",), files=False)
    make_run(tmp_path / "1", contenders=("tf",), files=False)
    page = pages.build(load([tmp_path]), pictures=False)
    assert page.colours == {"torch": 0, "tf": 1}
    assert [view.lines[0].colour for view in page.views] == [0, 1]


def test_workers_draw_the_same_page(make_run, tmp_path):
    for number in range(2 * pages.RUNS_PER_WORKER):
        make_run(tmp_path / str(number), contenders=("torch",), repeats=1, files=number == 0)
    runs = load([tmp_path])
    alone = html(pages.build(runs, pictures=False))
    assert html(pages.build(runs, pictures=False, workers=2)) == alone
    assert "Training loss per step" in alone
    assert all(run._trials is None for run in runs), "what was read is forgotten"


def test_of_very_many_runs_each_has_its_verdict_and_a_way_to_the_rest(sweep_folder, monkeypatch):
    (sweep_folder / "1" / "report.html").write_text("its own")
    (sweep_folder / "0" / "report.html").symlink_to("/etc/passwd")
    whole = rendered(sweep_folder, beside=sweep_folder)
    assert "Evidence: parity, trials" in whole
    assert whole.count('<a href="1/report.html">') == 1
    monkeypatch.setattr(pages, "MOST_WHOLE", 4)
    text = rendered(sweep_folder, beside=sweep_folder.parent)
    assert "Evidence: parity, trials" not in text
    assert f'stand in <a href="{sweep_folder.name}/1/report.html">the run\'s own report' in text
    assert f"a report of the run alone: <code>python -m reports {sweep_folder / '0'}</code>" in text, (
        "a link is not followed"
    )
    assert words(text).count("torch is 1.32× faster than tf per training step") >= 2
    assert len(text) < len(whole) / 2


def test_the_command_for_a_report_of_ones_own_is_quoted_for_a_shell(make_run, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "MOST_WHOLE", 1)
    for name in "01":
        make_run(tmp_path / "two words" / name, repeats=1, files=False)
    assert f"python -m reports '{tmp_path}/two words/1'" in words(rendered(tmp_path / "two words"))


def test_a_notebook_has_every_run_that_it_links(make_run, tmp_path):
    for number in range(51):
        make_run(tmp_path / str(number), contenders=("torch",), repeats=1, files=False)
    text = html(pages.build(load([tmp_path]), pictures=False), "notebook.html.j2")
    ids, links = set(re.findall(r' id="([^"]*)"', text)), set(re.findall(r' href="#([^"]*)"', text))
    assert "run-50" in links
    assert links <= ids


def test_the_figures_of_a_sweep_are_those_over_its_runs(sweep_folder):
    page = pages.build(load([sweep_folder]), pictures=False)
    assert [name for name, _ in page.charts] == ["overview-ratios"]
    assert page.views[1].charts != []


def test_a_comparison_across_runs_is_shown_as_unpaired(sweep_folder):
    item = Comparison(
        contender="torch",
        baseline="tf",
        quantity="step_seconds",
        ratio=0.8,
        low=0.7,
        high=0.9,
        repeats=3,
        paired=False,
        certified=True,
        verdict="torch is 1.25× faster than tf",
    )
    group = Across(
        title="digits × mlp",
        comparison=[item],
        parity=Parity(passed=True, message="same spec", corrected=["batch norm"], uncertified=["dropout masks"]),
        differences={"torch": ["threads 1 against 2", "another machine (cpu)"]},
    )
    text = words(rendered(sweep_folder, across=[group]))
    assert "machine drift is not controlled" in text
    assert "unpaired" in text
    assert "same spec" in text
    assert "torch ran under other conditions than the baseline: threads 1 against 2, another machine (cpu)." in text
    assert "Corrected for: batch norm." in text
    assert "Not certified: dropout masks." in text


def test_the_glossary_says_what_the_numbers_are(run_folder):
    text = words(rendered(run_folder))
    assert "one in twenty such statements is expected to be wrong" in text
    assert "for Keras its own train function, its iterator included; for PyTorch the step of the loop" in text
    assert "fetching the outputs is outside" in text
    assert "until they are in memory" not in text


def test_what_was_counted_and_waited_for_is_shown(make_run, tmp_path):
    results = make_run(tmp_path)
    assert "what the system counted" not in rendered(tmp_path)
    assert "waiting for another run" not in rendered(tmp_path)
    results.waited_seconds = 75.0
    results.trials[0].memory["device"], results.trials[0].energy_joules = 3 * 2**30, 1234.0
    results.trials[0].environment |= {"blas": "Eigen", "threads": 2}
    store.write(tmp_path, results)
    text = rendered(tmp_path).replace("\u202f", " ")
    assert "of these 75.0 s waiting for another run to leave the machine" in text
    assert "3.00 GiB" in text
    assert "1,230 J" in text
    assert "<dt>blas</dt><dd>Eigen</dd>" in text
    assert "<dt>memory</dt><dd>7.45 GiB</dd>" in text


def test_a_run_in_two_sittings_says_so_among_its_conditions(make_run, tmp_path):
    results = make_run(tmp_path)
    assert "sittings" not in words(rendered(tmp_path))
    results.resumed = ["2026-01-06T09:30:00+01:00"]
    store.write(tmp_path, results)
    assert "sittings 2: begun 2026-01-05 10:00, resumed 2026-01-06 09:30" in words(rendered(tmp_path))


def test_what_else_was_found_has_its_place(run_folder, tmp_path, make_run):
    on_gpu = make_run(tmp_path / "gpu")
    on_gpu.conditions["device"] = "gpu"
    store.write(tmp_path / "gpu", on_gpu)
    text = words(rendered(tmp_path / "gpu"))
    assert "What observing costs waiting for every step costs tf 10.0 %" in text
    assert "What observing costs" not in words(rendered(run_folder)), "on a CPU nothing is waited for"
    assert "Noise floor" not in text
    twice = make_run(tmp_path / "aa")
    for item in twice.contenders:
        item.backend = "torch"
    store.write(tmp_path / "aa", twice)
    assert re.search(
        r"Noise floor this machine's noise floor at 3 repeats: ±3\d\.\d % per training step",
        words(rendered(tmp_path / "aa")),
    )


def test_columns_say_where_intervals_hold_together(run_folder, make_run, tmp_path):
    assert "for 3 together" not in words(rendered(run_folder))
    make_run(tmp_path / "many", contenders=("tf", "torch", "torch_compile", "mine"))
    text = words(rendered(tmp_path / "many"))
    assert "ratio to tf 95 % for 3 together" in text
    assert "95 % interval for 3 together" in text
    assert "of one run and quantity, the intervals hold together" in text


def test_overfitting_is_told_beside_the_curves_of_learning(make_run, tmp_path):
    results = make_run(tmp_path)
    assert "overfits:" not in words(rendered(tmp_path))
    for trial in results.trials:
        turned = trial.contender == "tf"
        trial.curves = {
            "train_loss": [1.0, 0.7, 0.5, 0.4, 0.3, 0.25],
            "val_loss": [1.1, 0.9, 1.0, 1.1, 1.2, 1.3] if turned else [1.1, 0.9, 0.8, 0.7, 0.6, 0.5],
        }
    store.write(tmp_path, results)
    text = words(rendered(tmp_path))
    learning, _, rest = text.partition(" Speed ")
    assert "tf overfits: from epoch 2 on its validation loss rose by 20 % while its training loss fell by" in learning
    assert "torch overfits" not in text
    assert "overfits: from" not in rest, "it is told once"
