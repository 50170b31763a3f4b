"""A run says what it will do, and on which samples, before it does it."""

from __future__ import annotations

from dataclasses import replace

from bench import announce


def test_the_samples_of_each_split_are_counted(plan_of):
    work, samples, race = announce.lines(plan_of())
    assert work.startswith("mlp (116,618 parameters) on scikit-learn's handwritten digits: ")
    assert samples == "Samples: 1,150 training, 288 validation, 359 test."
    assert race.startswith("tf against torch, 5 repeats each, on cpu")


def test_few_classes_are_counted_one_by_one(plan_of):
    _, samples, _ = announce.lines(plan_of("dataset=breast_cancer"))
    assert samples == (
        "Samples: 364 training (135 malignant, 229 benign), 91 validation (34 malignant, 57 benign), "
        "114 test (43 malignant, 71 benign)."
    )


def test_what_became_of_groups_is_said(plan_of):
    plan = plan_of()
    facts = {"overlap avoided": "a split by sample would have had 3 of 9 groups on two sides; here none is divided"}
    plan = replace(plan, splits=replace(plan.splits, facts=facts))
    assert announce.lines(plan)[2] == (
        "A split by sample would have had 3 of 9 groups on two sides; here none is divided."
    )
