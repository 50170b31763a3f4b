"""What contenders answered is read with suspicion, counted anew, and set on the page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bench.results import store
from bench.results.schema import Dataset
from reports import answered, answers, apart
from reports import page as pages
from reports.arrays import ArrayError
from reports.load import load
from reports.render import html

EVIL = "<script>alert(1)</script>\"'"


def words(text):
    text = re.sub(r"<(style|svg|script).*?</\1>", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).replace("\u202f", " ").replace("&nbsp;", " ")


def read(folder):
    (run,) = load([folder])
    return answers.read(run, run.results.dataset)


def rendered(folder):
    return html(pages.build(load([folder]), pictures=False))


def test_answers_are_read_by_contender_and_repeat(make_run, with_answers, tmp_path):
    with_answers(tmp_path, make_run(tmp_path, repeats=2, files=False), {"torch": [[], [3, 4]]})
    known = read(tmp_path)
    assert known.labels.tolist() == [place % 10 for place in range(40)]
    assert {name: sorted(mine) for name, mine in known.found.items()} == {"tf": [0, 1], "torch": [0, 1]}
    assert np.flatnonzero(known.found["torch"][1] != known.labels).tolist() == [3, 4]
    assert known.gaps == []


def test_a_trial_that_failed_has_no_say(make_run, with_answers, tmp_path):
    results = with_answers(tmp_path, make_run(tmp_path, repeats=2, files=False))
    results.trials[0].status = "diverged"
    store.write(tmp_path, results)
    assert sorted(read(tmp_path).found["tf"]) == [1]


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((39, 10), np.float32), "of shape (39, 10), not (40, 10)"),
        (np.zeros((40, 9), np.float32), "of shape (40, 9), not (40, 10)"),
        (np.zeros((40, 10), np.int32), "of shape"),
        (np.full((40, 10), np.nan, np.float32), "not all numbers"),
        (np.array([{}], dtype=object), "unreadable (ValueError)"),
        (None, "missing"),
    ],
)
def test_predictions_that_are_none_are_left_out_and_said(make_run, with_answers, tmp_path, array, why):
    results = with_answers(tmp_path, make_run(tmp_path, repeats=1, files=False))
    path = tmp_path / results.trials[1].folder / "predictions.npy"
    path.unlink()
    if array is not None:
        np.save(path, array, allow_pickle=array.dtype == object)
    known = read(tmp_path)
    assert list(known.found) == ["tf"]
    assert f"What torch repeat 1 predicted is left out: predictions.npy is {why}" in known.gaps[0]


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (np.zeros((4, 2), np.int32), "shape (4, 2)"),
        (np.zeros(0, np.int32), "shape (0,)"),
        (np.array(["a"]), "of <U1"),
        (np.full(40, 10, np.int32), "names classes that are not among the 10"),
        (np.full(40, -1, np.int32), "names classes"),
    ],
)
def test_labels_that_are_none_cost_the_section_alone(make_run, with_answers, tmp_path, labels, why):
    results = with_answers(tmp_path, make_run(tmp_path, repeats=1, files=False))
    np.save(tmp_path / results.dataset.labels, labels)
    with pytest.raises(ArrayError, match=re.escape(why)):
        read(tmp_path)


def test_the_page_says_what_is_left_out(make_run, with_answers, tmp_path):
    results = with_answers(tmp_path, make_run(tmp_path, repeats=1, files=False))
    (tmp_path / results.trials[1].folder / "predictions.npy").unlink()
    text = words(rendered(tmp_path))
    assert "What torch repeat 1 predicted is left out: predictions.npy is missing" in text
    assert "What was taken for what" in text
    (tmp_path / results.dataset.labels).unlink()
    text = words(rendered(tmp_path))
    assert "What was answered for the test images is left out: data/test_labels.npy is missing" in text
    assert "What was taken for what" not in text


def test_nothing_outside_the_folder_is_read(make_run, with_answers, tmp_path):
    results = with_answers(tmp_path / "run", make_run(tmp_path / "run", repeats=1, files=False))
    np.save(tmp_path / "secret.npy", np.zeros(40, np.int32))
    results.dataset.labels = "../secret.npy"
    store.write(tmp_path / "run", results)
    with pytest.raises(ArrayError, match="unreadable"):
        read(tmp_path / "run")


def test_older_results_say_that_they_kept_no_labels(make_run, tmp_path):
    make_run(tmp_path, repeats=1, files=False)
    with pytest.raises(ArrayError, match="this run kept no labels of its test samples"):
        read(tmp_path)


def test_seeds_are_the_yardstick_of_frameworks(make_run, with_answers, tmp_path):
    results = make_run(tmp_path, repeats=3, files=False)
    wrong = {"tf": [[0, 1], [2, 3], [4, 5]], "torch": [[0, 1], [2, 3], [4, 5, 6]]}
    with_answers(tmp_path, results, wrong)
    known = read(tmp_path)
    found = apart.view(known, "images")
    assert [(row.one, row.other, row.mean, row.pairs) for row in found.rows] == [
        ("tf", "torch", "0.3", 3),
        ("tf", "tf", "4", 3),
        ("torch", "torch", "4.7", 3),
    ]
    assert found.rows[0].range == "0–1"
    assert found.sentences == [
        "In the same repeat tf and torch disagree on 0.3 of 40 test images (3 repeats); two repeats of tf on 4 and "
        "two repeats of torch on 4.7: another seed changes more answers than the other contender does."
    ]


def test_more_than_the_seeds_is_said_too(make_run, with_answers, tmp_path):
    results = make_run(tmp_path, repeats=2, files=False)
    with_answers(tmp_path, results, {"tf": [[0], [1]], "torch": [[2, 3, 4, 5], [3, 4, 5, 6]]})
    assert apart.view(read(tmp_path), "images").sentences[0].endswith("more than another seed changes.")


def test_one_repeat_has_no_yardstick_and_one_contender_no_other(make_run, with_answers, tmp_path):
    with_answers(tmp_path / "a", make_run(tmp_path / "a", repeats=1, files=False), {"tf": [[1]]})
    assert "no telling what another seed" in apart.view(read(tmp_path / "a"), "images").sentences[0]
    with_answers(tmp_path / "b", make_run(tmp_path / "b", contenders=("tf",), repeats=2), {"tf": [[1]]})
    assert apart.view(read(tmp_path / "b"), "images").sentences == [
        "Two repeats of tf disagree on 1 of 40 test images on average: so much is the seed."
    ]


def regression(folder, make_run, away=0.0):
    results = make_run(folder, repeats=2, files=False)
    results.dataset = Dataset(
        name="d",
        title="D",
        source="",
        synthetic=False,
        input_shape=[4],
        classes=[],
        task="regression",
        labels="data/labels.npy",
    )
    labels = np.linspace(10, 50, 9, dtype=np.float32)
    (folder / "data").mkdir()
    np.save(folder / "data/labels.npy", labels)
    for trial in results.trials:
        off = (1.0 if trial.repeat else 2.0) + (away if trial.contender == "torch" else 0.0)
        (folder / trial.folder).mkdir(parents=True)
        np.save(folder / trial.folder / "predictions.npy", (labels + off).reshape(-1, 1))
        trial.metrics = {"test_mae": off, "val_mae": off + 1, "test_loss": 0.1}
    store.write(folder, results)


def test_a_regression_shows_predicted_against_true(make_run, tmp_path):
    regression(tmp_path, make_run, away=5e-4)
    text = rendered(tmp_path)
    told = words(text)
    assert "Predicted against true: tf" in told
    assert "MAE 1.50 ± 0.71, R² 0.985 ± 0.013 (mean ± standard deviation of 2 repeats)" in told
    assert "predict values 5.0 × 10⁻⁴ apart on average (2 repeats); two repeats of tf are 1.00" in told
    assert "What was taken for what" not in told
    assert "validation MAE test MAE" in told


def test_targets_that_are_all_one_have_no_r2(make_run, tmp_path):
    regression(tmp_path, make_run)
    np.save(tmp_path / "data/labels.npy", np.full(9, 3.0, np.float32))
    assert "R² –" in words(rendered(tmp_path))


def test_validation_stands_beside_test(make_run, tmp_path):
    results = make_run(tmp_path, repeats=2, files=False)
    for trial in results.trials:
        trial.metrics |= {"val_accuracy": 0.9 + 0.02 * trial.repeat, "test_kappa": 0.8}
    store.write(tmp_path, results)
    text = words(rendered(tmp_path))
    assert "after training validation accuracy test accuracy test loss test kappa repeats" in text
    assert "tf 91.0 % ± 1.41 97.3 % ± 0.14" in text


def test_hostile_classes_and_names_are_text(make_run, with_answers, tmp_path):
    results = make_run(tmp_path, contenders=("tf", EVIL), repeats=1, files=False)
    for place, trial in enumerate(results.trials):
        trial.folder = f"trials/{place}"
    results.dataset.classes = [EVIL, *(f"{place}{EVIL}" for place in range(9))]
    with_answers(tmp_path, results, {EVIL: [[1, 2]]})
    text = rendered(tmp_path)
    assert "<script>alert" not in text
    assert "What was taken for what" in text


def test_a_page_of_many_runs_says_where_the_rest_is(make_run, with_answers, tmp_path):
    with_answers(tmp_path, make_run(tmp_path, repeats=1, files=False))
    (run,) = load([tmp_path])
    dataset = run.results.dataset
    few, many = (answered.view(run, dataset, "images", {}, "run-0", png=False, runs=runs) for runs in (20, 21))
    assert few.confusion.matrices
    assert not few.gaps
    assert not many.confusion.order
    assert "stands in this run's own report" in many.gaps[0]
    assert many.apart.rows == few.apart.rows
