from __future__ import annotations

import numpy as np
import pytest

from bench.errors import RequestError
from bench.work import Work

CANCER = "dataset=breast_cancer"


def test_without_weights_there_are_none(plan_of):
    plan = plan_of()
    assert (plan.config["train"]["class_weight"], plan.sample_weights) == (None, None)
    assert plan.loss_options == {"label_smoothing": 0.0}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("[1,2.5]", [1.0, 2.5]),
        ("[0,1]", [0.0, 1.0]),
        ("{benign: 3}", [1.0, 3.0]),
        ("{malignant: 2, benign: 3}", [2.0, 3.0]),
    ],
)
def test_weights_of_classes(plan_of, said, expected):
    assert plan_of(CANCER, f"train.class_weight={said}").config["train"]["class_weight"] == expected


def test_balanced_weights_are_those_of_the_training_split(plan_of):
    plan = plan_of(CANCER, "train.class_weight=balanced")
    found, counts = plan.config["train"]["class_weight"], plan.splits.counts["train"]
    assert found == pytest.approx([sum(counts) / (2 * count) for count in counts])
    assert found[0] != found[1]
    assert sum(weight * count for weight, count in zip(found, counts, strict=True)) == pytest.approx(sum(counts))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (f"{CANCER} train.class_weight=balance", "train.class_weight=balance: say balanced, a list with a number"),
        (f"{CANCER} train.class_weight={{}}", "train.class_weight={}: names no class; leave it at null"),
        (f"{CANCER} train.class_weight=5", "train.class_weight=5: say balanced"),
        (
            f"{CANCER} train.class_weight=[1,2,3]",
            "breast_cancer has 2 classes (malignant, benign), and this has 3 weights",
        ),
        (
            f"{CANCER} train.class_weight={{bening:3}}",
            "has no class 'bening'; did you mean 'benign'? (it has: malignant",
        ),
        (
            f"{CANCER} train.class_weight=[1,-2]",
            "train.class_weight=[1, -2]: -2 is no weight; a weight is a number of at",
        ),
        (f"{CANCER} train.class_weight=[1,much]", "much is no weight"),
        (f"{CANCER} train.class_weight=[1,true]", "True is no weight"),
        (f"{CANCER} train.class_weight=[1,.inf]", "inf is no weight"),
        (f"{CANCER} train.class_weight=[0,0]", "leaves no class that counts; give one a weight above 0"),
        (
            "dataset=diabetes train.class_weight=balanced",
            "diabetes is a regression and has no classes; leave it at null",
        ),
        ("train.sample_weight=nowhere.npy", "train.sample_weight=nowhere.npy: there is no such file; numpy.save("),
    ],
)
def test_what_is_no_weight_is_refused_with_its_key(plan_of, said, message):
    with pytest.raises(RequestError) as refused:
        plan_of(*said.split())
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def weights_of(plan_of, path, array, *said):
    np.save(path, array)
    return plan_of(CANCER, f"train.sample_weight={path}", *said)


def test_weights_of_samples_reach_the_children(plan_of, tmp_path):
    given = np.linspace(0, 2, 569)
    plan = weights_of(plan_of, tmp_path / "w.npy", given, "train.class_weight=[1,5]")
    assert plan.sample_weights.dtype == np.float32
    request = Work(plan, tmp_path / "work").request("trial", plan.contenders[0], 0, tmp_path / "trial")
    assert request.class_weights == [1.0, 5.0]
    y = request.samples.arrays()[1]
    labels, own = request.samples.labels_of(y)
    assert (y.shape, y.dtype, labels.dtype) == ((569, 2), np.float32, np.int64)
    assert (own == given.astype(np.float32)).all()
    assert (labels == plan.prepared.arrays()[1]).all()
    whole = plan_of(CANCER)
    plain = Work(whole, tmp_path / "plain").request("trial", whole.contenders[0], 0, tmp_path / "trial").samples
    assert plain.weights == ""
    assert plain.labels_of(plain.arrays()[1]) == (pytest.approx(labels), None)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.ones(568),
            "has the shape (568,), and breast_cancer has 569 samples: there must be one weight for each, (569,)",
        ),
        (np.ones((569, 1)), "has the shape (569, 1)"),
        (np.r_[np.ones(568), np.nan], "the weight of sample 568 is nan; each must be at least 0 and finite"),
        (np.r_[1.0, -1.0, np.ones(567)], "the weight of sample 1 is -1.0; each must be"),
        (np.full(569, 1e300), "the weight of sample 0 is 1e+300"),
        (np.full(569, "much"), "holds no numbers"),
        (np.zeros(569), "leaves no sample to train on that counts"),
        (np.array([{}]), "cannot be read as a .npy file"),
    ],
)
def test_files_that_hold_no_weights_are_refused(plan_of, tmp_path, array, message):
    with pytest.raises(RequestError) as refused:
        weights_of(plan_of, tmp_path / "w.npy", array)
    assert str(refused.value).startswith(f"train.sample_weight={tmp_path / 'w.npy'}: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_weights_are_other_work_wherever_they_lie(plan_of, tmp_path):
    ones = weights_of(plan_of, tmp_path / "a.npy", np.ones(569)).content()
    assert weights_of(plan_of, tmp_path / "b.npy", np.ones(569)).content() == ones
    assert weights_of(plan_of, tmp_path / "a.npy", np.full(569, 2.0)).content() != ones
    assert plan_of(CANCER).content() != ones
    weighted = plan_of(CANCER, "train.class_weight=[1,2]").content()
    assert weighted not in (ones, plan_of(CANCER).content())
    assert plan_of(CANCER, "train.class_weight={benign: 2}").content() == weighted


def test_records_have_no_place_for_weights(plan_of, tmp_path):
    np.save(tmp_path / "w.npy", np.ones(1797))
    with pytest.raises(RequestError, match=r"records of pipeline=tfrecord have no place for a weight; take"):
        plan_of(f"train.sample_weight={tmp_path / 'w.npy'}", "pipeline=tfrecord", "framework=tf")
