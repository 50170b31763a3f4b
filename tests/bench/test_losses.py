from __future__ import annotations

import pytest

from bench import record
from bench.errors import RequestError
from bench.work import Work


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "train.loss=huber",
            "train.loss=huber: does not fit digits, a classification task; take sparse_categorical_crossentropy, "
            "categorical_crossentropy or focal, or leave it at auto, which takes sparse_categorical_crossentropy there",
        ),
        ("dataset=diabetes train.loss=focal", "take mean_squared_error, mean_absolute_error or huber, or leave it"),
        (
            "dataset=breast_cancer train.loss=categorical_crossentropy",
            "a binary task; take binary_crossentropy or focal",
        ),
        (
            "train.huber_delta=2",
            "train.huber_delta=2.0: is a parameter of huber, and this run's loss is sparse_categorical_crossentropy; "
            "leave it at 1.0",
        ),
        (
            "train.focal_alpha=0.25",
            "is a parameter of focal, and this run's loss is sparse_categorical_crossentropy; leave it at null",
        ),
        (
            "train.loss=focal train.label_smoothing=0.1",
            "is a parameter of sparse_categorical_crossentropy, categorical_",
        ),
        ("train.label_smoothing=1", "train.label_smoothing=1: must be at least 0 and below 1"),
        (
            "train.loss=focal train.focal_alpha=1",
            "train.focal_alpha=1: must be above 0 and below 1; null leaves it out",
        ),
        ("dataset=diabetes train.loss=huber train.huber_delta=0", "train.huber_delta=0: must be above 0 and finite"),
        ("plant=huber_delta", "plant=huber_delta: shows with huber only; this run's loss is sparse_categorical"),
        ("plant=huber_delta dataset=diabetes train.loss=huber", "shows where train.huber_delta is set"),
        ("plant=class_weight_mean", "plant=class_weight_mean: shows where train.class_weight is set, and it is at its"),
        ("plant=label_smoothing", "plant=label_smoothing: shows where train.label_smoothing is set"),
        ("plant=focal_alpha", "plant=focal_alpha: shows with focal only"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_key(plan_of, said, message):
    with pytest.raises(RequestError) as refused:
        plan_of(*said.split())
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "loss", "options"),
    [
        ("train.loss=auto train.label_smoothing=0.1", "sparse_categorical_crossentropy", {"label_smoothing": 0.1}),
        ("train.loss=categorical_crossentropy", "categorical_crossentropy", {"label_smoothing": 0.0}),
        ("train.loss=focal train.focal_alpha=0.25", "focal", {"focal_gamma": 2.0, "focal_alpha": 0.25}),
        ("dataset=diabetes train.loss=huber train.huber_delta=3", "huber", {"huber_delta": 3.0}),
        ("dataset=diabetes train.loss=mean_absolute_error", "mean_absolute_error", {}),
    ],
)
def test_a_loss_reaches_the_children_with_what_it_takes(plan_of, tmp_path, said, loss, options):
    plan = plan_of(*said.split())
    request = Work(plan, tmp_path).request("trial", plan.contenders[0], 0, tmp_path / "trial")
    assert (request.loss, request.loss_options, request.class_weights) == (loss, options, [])
    assert plan.content() != plan_of(*said.split()[:1]).content() or len(said.split()) == 1


def test_plants_that_show_are_planned(plan_of):
    for said in (
        "plant=double_softmax", "plant=class_weight_mean train.class_weight=balanced",
        "plant=label_smoothing train.label_smoothing=0.1", "plant=focal_alpha train.loss=focal train.focal_alpha=0.25",
        "plant=huber_delta dataset=diabetes train.loss=huber train.huber_delta=2",
    ):  # fmt: skip
        assert plan_of(*said.split()).plants == [said.split()[0].removeprefix("plant=")]


def test_the_conditions_say_the_loss_and_what_is_unusual_about_it(plan_of):
    usual = record.begin(plan_of()).conditions
    assert usual["loss"] == "sparse_categorical_crossentropy"
    assert not usual.keys() & {"label_smoothing", "class_weight", "sample_weight"}
    said = record.begin(plan_of("train.loss=categorical_crossentropy", "train.label_smoothing=0.1")).conditions
    assert (said["loss"], said["label_smoothing"]) == ("categorical_crossentropy", 0.1)
    said = record.begin(plan_of("dataset=breast_cancer", "train.class_weight=[1,2.34567]")).conditions
    assert said["class_weight"] == {"malignant": 1.0, "benign": 2.35}
