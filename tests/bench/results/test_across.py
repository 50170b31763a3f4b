"""Runs made apart are compared only with what was not the same said aloud."""

from __future__ import annotations

import pytest

from bench.results.across import across
from bench.results.schema import Contender, Parity, Results, Trial

SETTINGS = {"device": "cpu", "precision": "float32", "threads": 2}
OWN = {"tf": {"jit_compile": False, "steps_per_execution": 1}, "torch": {"compile": False}}
MACHINE = {"cpu": "one", "cores": 2, "gpus": [], "load_average": [0.1]}
PACKAGES = {"tf": {"tensorflow": "2.21.0"}, "torch": {"torch": "2.15.0"}}


@pytest.fixture
def runs(tmp_path, fingerprint_file):
    """Return a function that makes the runs of tf and torch, one folder each; what is given changes torch's."""

    def make(*, settings=None, conditions=None, versions=None, machine=None, parity=None, first="tf"):
        found = [run(first), run("torch", settings, conditions, versions, machine)]
        folders = []
        for number, results in enumerate(found):
            results.parity = (parity or {}).get(results.baseline, Parity())
            folders.append(tmp_path / f"{number}-{results.baseline}")
            (folders[-1] / "parity").mkdir(parents=True, exist_ok=True)
            fingerprint_file(folders[-1] / "parity" / f"{results.baseline}.safetensors")
        return list(zip(folders, found, strict=True))

    return make


def run(name, settings=None, conditions=None, versions=None, machine=None):
    own = SETTINGS | OWN[name] | {"backend": name, "python": f"/{name}"} | (settings or {})
    packages = PACKAGES[name] | {"numpy": "2.4.0"} | (versions or {})
    trials = [
        Trial(
            contender=name,
            repeat=repeat,
            seed=repeat,
            status="ok",
            step_seconds=1e-3 + 1e-5 * repeat,
            metrics={"test_accuracy": 0.97 + 0.001 * repeat, "test_loss": 0.1},
        )
        for repeat in range(3)
    ]
    return Results(
        content="same",
        baseline=name,
        contenders=[Contender(name=name, backend=name, framework=name, versions=packages, settings=own)],
        conditions=SETTINGS | {"batch_size": 64, "repeats": 3 if name == "tf" else 5} | (conditions or {}),
        versions={"parallax-bench": "0.1.0", **packages},
        machine=MACHINE | {"load_average": [0.5]} | (machine or {}),
        trials=trials,
    )


def test_equal_conditions_are_not_talked_about(runs):
    (group,) = across(runs())
    assert group.differences == {}
    assert group.parity.passed is True
    assert group.comparison[0].verdict.endswith("machine drift not controlled)")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"settings": {"threads": 1}}, "threads 1 against 2"),
        ({"settings": {"device": "gpu"}}, "device gpu against cpu"),
        ({"settings": {"compile": True}}, "compile yes against –"),
        ({"conditions": {"batch_size": 32}}, "batch size 32 against 64"),
        ({"versions": {"numpy": "2.3.0"}}, "numpy 2.3.0 against 2.4.0"),
        ({"machine": {"cpu": "two"}}, "another machine (cpu)"),
        ({"machine": {"cores": 8, "gpus": [{"name": "H"}]}}, "another machine (cores, gpus)"),
        ({"settings": {"threads": 1}, "machine": {"cpu": "two"}}, "another machine (cpu), threads 1 against 2"),
        ({"versions": {"numpy": "2"}, "machine": {"kernel": "6"}}, "numpy 2 against 2.4.0, kernel 6 against –"),
    ],
)
def test_what_differs_stands_in_every_sentence(runs, changes, said):
    (group,) = across(runs(**changes))
    assert ", ".join(group.differences["torch"]) == said
    sentences = [item.verdict for item in (*group.comparison, *group.agreement)]
    assert len(sentences) == 3
    assert all(f"machine drift not controlled, {said})" in sentence for sentence in sentences)


def test_a_sentence_names_the_first_differences_and_counts_the_rest(runs):
    many = {"threads": 1, "device": "gpu", "compile": True}
    (group,) = across(runs(settings=many, machine={"cpu": "two", "kernel": "6", "governor": "powersave"}))
    assert len(group.differences["torch"]) == 6
    assert "another machine (cpu), " in group.comparison[0].verdict
    assert group.comparison[0].verdict.endswith(", and 2 more)")


def test_two_versions_of_one_framework_are_told_apart(runs):
    (group,) = across(runs(first="torch", versions={"torch": "2.14.0"}))
    assert group.differences == {"torch (1-torch)": ["torch 2.14.0 against 2.15.0"]}


def test_versions_of_contenders_that_are_not_compared_do_not_count(runs):
    (_, one), (_, two) = found = runs()
    one.contenders.append(Contender(name="old", backend="torch", framework="torch", versions={"torch": "2.0.0"}))
    one.versions["torch"] = "2.0.0"
    two.versions["old: numpy"] = "1.0"
    assert across(found)[0].differences == {}
    two.versions["parallax-bench"] = "0.2.0"
    assert across(found)[0].differences == {"torch": ["parallax-bench 0.2.0 against 0.1.0"]}


def test_notes_of_the_runs_certificates_are_carried_over_once(runs):
    notes = {
        "tf": Parity(corrected=["a"], uncertified=["x", "y"]),
        "torch": Parity(corrected=["a", "b"], uncertified=["y"]),
    }
    (group,) = across(runs(parity=notes))
    assert group.parity.corrected == ["a", "b"]
    assert group.parity.uncertified == ["x", "y"]


def test_another_precision_is_said_and_each_pairs_own_is_on_its_checks(runs):
    (group,) = across(runs(settings={"precision": "bfloat16"}))
    assert group.parity.uncertified == ["torch ran in bfloat16, tf in float32"]
    assert {check.precision for check in group.parity.checks} == {"float64", "bfloat16 against float32"}
    (same,) = across(runs())
    assert {check.precision for check in same.parity.checks} == {"float64", "float32"}
    assert same.parity.uncertified == []


def test_a_missing_fingerprint_leaves_the_rest_uncertified(runs):
    found = runs()
    (found[1][0] / "parity" / "torch.safetensors").unlink()
    (group,) = across(found)
    assert group.parity.passed is False
    assert not any(item.certified for item in group.comparison)


def test_other_work_is_not_compared(runs):
    found = runs()
    found[1][1].content = "other"
    assert across(found) == []


def test_three_runs_hold_their_95_percent_together_and_other_targets_have_no_ratio(runs, tmp_path):
    found = runs()
    third = run("torch")
    third.baseline = third.contenders[0].name = "third"
    for trial in third.trials:
        trial.contender = "third"
    found.append((tmp_path / "third", third))
    for target, (_, results) in zip((0.9, 0.9, 0.95), found, strict=True):
        for trial in results.trials:
            trial.target, trial.target_seconds, trial.target_reached = target, 2.0, True
    (group,) = across(found)
    steps = [item for item in group.comparison if item.quantity == "step_seconds"]
    assert [(item.contender, item.family) for item in steps] == [("torch", 2), ("third", 2)]
    assert all("for 2 comparisons together" in item.verdict for item in steps)
    assert [item.contender for item in group.comparison if item.quantity == "target_seconds"] == ["torch"]
