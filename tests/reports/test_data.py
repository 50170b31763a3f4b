"""What a page says of the data: counts, weights, facts, and what must stand beside every accuracy."""

from __future__ import annotations

import json
import re

import pytest

from bench.results import store
from bench.results.schema import Dataset
from reports import data
from reports import page as pages
from reports.load import load
from reports.render import html

EVIL = "<script>alert(1)</script>\"'$\\frac{"


STAND_IN = "Synthetic stand-in: not MNIST"


def described(**changes) -> Dataset:
    given = {
        "name": "xray",
        "title": "X-rays",
        "source": "a folder",
        "synthetic": False,
        "input_shape": [224, 224, 1],
        "classes": ["normal", "virus"],
        "counts": {"train": [30, 10], "val": [3, 1], "test": [6, 2]},
        "class_weights": [2 / 3, 2.0],
    }
    return Dataset(**(given | changes))


def rendered(folder, results) -> str:
    store.write(folder, results)
    return html(pages.build(load([folder]), pictures=False))


def words(text: str) -> str:
    text = re.sub(r"<(style|svg).*?</\1>", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).replace("\u202f", " ")


def test_the_data_are_described(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    results.dataset = described(
        licence="CC BY 4.0", citation="Kermany 2018", facts={"patients": "12, each on one side", "left out": "2 files"}
    )
    text = words(rendered(tmp_path, results))
    part = text[text.index("X-rays . Classification") :]
    assert "Classification of images (224 × 224 × 1) into 2 classes." in part
    assert "patients 12, each on one side" in part
    assert "left out 2 files" in part
    assert "source a folder licence CC BY 4.0 citation Kermany 2018" in part
    assert "class training validation test balanced weight" in part
    assert "all 40 4 8 normal 30 75.0 % 3 75.0 % 6 75.0 % 0.667" in part
    assert "virus 10 25.0 % 1 25.0 % 2 25.0 % 2.00" in part


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"task": "binary"}, "Binary classification of images (224 × 224 × 1) into 2 classes in one logit."),
        ({"task": "regression", "input_shape": [10]}, "Regression of one number on table rows (10 features)."),
        ({"input_shape": [1]}, "Classification of table rows (1 feature) into 2 classes."),
    ],
)
def test_the_task_in_words(changes, what):
    assert data.what(described(**changes)) == what


def test_a_regression_has_counts_by_split_alone(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    results.dataset = described(
        task="regression", classes=[], class_weights=[], input_shape=[10], counts={"train": [265], "test": [89]}
    )
    text = words(rendered(tmp_path, results))
    assert "Samples by split training test all 265 89" in text
    assert "balanced weight" not in text


def test_many_classes_are_folded_cut_and_counted(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    counts = [5] * 10_000
    counts[7], counts[9] = 900, 1
    names = [f"class {place} " + "x" * 2000 for place in range(10_000)]
    results.dataset = described(classes=names, counts={"train": counts, "test": [1]}, class_weights=[1.0])
    text = rendered(tmp_path, results)
    assert "<summary>100 of 10,000 classes</summary>" in text
    assert "and 9,900 more classes in results.json" in text
    assert "Largest class in training: class 7 xxx" in words(text)
    assert "(900); smallest: class 9 xxx" in words(text)
    assert "class 99 " in text
    assert "class 100 " not in text
    assert len(text) < 1_000_000


def test_a_tiny_share_is_not_nothing(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    results.dataset = described(counts={"train": [99_999, 1]})
    assert "virus 1 < 0.1 %" in words(rendered(tmp_path, results)).replace("&lt;", "<")


def test_counts_that_do_not_fit_the_classes_show_dashes(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    results.dataset = described(counts={"train": [3], "val": [], "strange": [0, 0, 9]}, class_weights=[1.0])
    text = words(rendered(tmp_path, results))
    assert "class training validation strange" in text
    assert "all 3 0 9 normal 3 100.0 % – 0 0.0 % 1.00 virus – – 0 0.0 % –" in text


def test_hostile_words_are_text(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    results.dataset = described(
        classes=[EVIL, EVIL * 500],
        facts={EVIL: EVIL},
        note=EVIL,
        title=EVIL,
        source=EVIL,
        counts={EVIL: [1, 2]},
        task=EVIL,
    )
    text = rendered(tmp_path, results)
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") > 10


def test_results_from_before_these_fields_still_make_a_page(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1)
    store.write(tmp_path, results)
    path = tmp_path / "results.json"
    old = json.loads(path.read_text())
    for name in ("task", "class_weights", "facts", "samples"):
        del old["dataset"][name]
    for trial in old["trials"]:
        del trial["input_seconds"]
    path.write_text(json.dumps(old))
    text = words(html(pages.build(load([tmp_path]), pictures=False)))
    assert "Classification of images (8 × 8 × 1) into 10 classes." in text
    assert "0 101 10.0 % 34 10.0 % 45 10.0 %" in text


@pytest.mark.parametrize(
    ("synthetic", "note", "remark", "mark", "warning"),
    [
        (True, "", "synthetic", "synthetic", "Synthetic samples, made up: no figure of quality here says anything"),
        (True, STAND_IN, STAND_IN, "Synthetic stand-in", STAND_IN + "."),
        (True, "made up", "synthetic: made up", "synthetic", "Synthetic: made up."),
        (False, "checksums differ", "checksums differ", "checksums differ", "Checksums differ."),
    ],
)
def test_the_remark_stands_beside_every_accuracy(make_run, tmp_path, synthetic, note, remark, mark, warning):
    results = make_run(tmp_path, repeats=1)
    results.dataset.synthetic, results.dataset.note = synthetic, note
    assert (results.dataset.remark, results.dataset.mark) == (remark, mark)
    text = rendered(tmp_path, results)
    # In: agreement, head and cells of the verdict (2), heads of the tables after training, of agreement and trials.
    assert text.count(f">{mark}</em>") >= 7
    assert f"Accuracy against epochs ({mark})" in text
    assert f"Accuracy against training time ({mark})" in text
    assert "Loss against epochs<" in text
    drawings = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert sum(f"accuracy ({mark})" in drawing for drawing in drawings) == 2
    assert warning in words(text)


def test_the_remark_stands_in_an_overview(make_run, tmp_path):
    for number in range(2):
        results = make_run(tmp_path / str(number), contenders=("torch",), repeats=1, files=False)
        results.dataset.synthetic = number == 1
        store.write(tmp_path / str(number), results)
    head = html(pages.build(load([tmp_path]), pictures=False)).split("<article")[0]
    assert head.count(">synthetic</em>") == 1


def test_data_without_a_remark_have_none(run_folder):
    text = html(pages.build(load([run_folder]), pictures=False))
    assert "remark" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
