"""The labels of the test split, and the images on which contenders disagree."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench import disputed, race
from bench.datasets import Prepared, Splits
from bench.results import store
from bench.results.schema import DISPUTED, Dataset, Trial

SAMPLES = 60


@pytest.fixture
def data(tmp_path):
    """Images whose every value is their own place among all; the test split is the even ones."""
    x = np.zeros((SAMPLES, 4, 4, 1), np.uint8) + np.arange(SAMPLES, dtype=np.uint8).reshape(-1, 1, 1, 1)
    y = (np.arange(SAMPLES) % 3).astype(np.int32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    prepared = Prepared(
        name="d",
        title="D",
        source="",
        synthetic=False,
        task="classification",
        classes=("a", "b", "c"),
        official=None,
        value_range=(0.0, 255.0),
        licence="",
        citation="",
        folder=tmp_path,
        input_shape=(4, 4, 1),
        num_samples=SAMPLES,
        checksum="",
    )
    rest = np.arange(1, SAMPLES, 2, dtype=np.int64)
    return prepared, Splits(train=rest, val=rest, test=np.arange(0, SAMPLES, 2, dtype=np.int64), counts={})


def described(**changes):
    return Dataset(
        **({"name": "d", "title": "", "source": "", "synthetic": False, "input_shape": [4, 4, 1], "classes": ["a"]})
        | changes
    )


def predicted(folder, name, classes, repeat=0, status="ok"):
    trial = Trial(contender=name, repeat=repeat, seed=repeat, status=status, folder=f"trials/{name}-{repeat}")
    (folder / trial.folder).mkdir(parents=True)
    np.save(folder / trial.folder / "predictions.npy", np.eye(3, dtype=np.float32)[classes])
    return trial


def test_labels_are_in_the_order_of_the_test_split(data, tmp_path):
    name = disputed.write_labels(*data, tmp_path / "run")
    assert np.load(tmp_path / "run" / name, allow_pickle=False).tolist() == [
        place % 3 for place in range(0, SAMPLES, 2)
    ]


def test_the_images_are_those_of_the_samples(data, tmp_path):
    folder, noted = tmp_path / "run", described()
    one, other = np.zeros((2, SAMPLES // 2), np.int64)
    other[[4, 7]] = 1
    trials = [predicted(folder, "tf", one), predicted(folder, "torch", other)]
    disputed.write_images(*data, folder, trials, noted)
    assert noted.disputed == [4, 7]
    images = np.load(folder / noted.disputed_images, allow_pickle=False)
    assert images.shape == (2, 4, 4, 1)
    assert images[:, 0, 0, 0].tolist() == [8, 14], "the test split is every second sample"


def test_only_so_many_are_kept_and_failed_trials_say_nothing(data, tmp_path):
    folder, noted = tmp_path / "run", described()
    ones = np.ones(SAMPLES // 2, np.int64)
    trials = [predicted(folder, "tf", 0 * ones), predicted(folder, "torch", ones, status="diverged")]
    disputed.write_images(*data, folder, trials, noted)
    assert (noted.disputed, noted.disputed_images) == ([], "")
    trials.append(predicted(folder, "other", ones))
    disputed.write_images(*data, folder, trials, noted)
    assert noted.disputed == list(range(DISPUTED))
    assert len(np.load(folder / noted.disputed_images, allow_pickle=False)) == DISPUTED


@pytest.mark.parametrize(("changes", "shape", "rows"), [({"task": "regression"}, (4, 4, 1), 0), ({}, (16,), 3)])
def test_a_regression_leaves_nothing_and_a_table_no_images(data, tmp_path, changes, shape, rows):
    prepared, splits = data
    folder, noted = tmp_path / "run", described(**changes)
    other = np.zeros(SAMPLES // 2, np.int64)
    trials = [predicted(folder, "tf", other.copy())]
    other[:3] = 1
    trials.append(predicted(folder, "torch", other))
    disputed.write_images(dataclasses.replace(prepared, input_shape=shape), splits, folder, trials, noted)
    assert len(noted.disputed) == rows
    assert noted.disputed_images == ""


def test_a_race_keeps_both_and_fails_for_neither(plan_of, children, tmp_path, monkeypatch):
    monkeypatch.setattr(race, "_report", lambda *_, **__: None)
    monkeypatch.setattr(race.lock, "default_path", lambda: tmp_path / "lock")
    monkeypatch.setattr(race.neighbours, "LOOK_SECONDS", 0.0)
    made, folder = children.trial, tmp_path / "run"

    def trial(request):
        outcome = made(request)
        if request.backend == "tf" or request.train["seed"] == 0:
            sure = np.eye(10, dtype=np.float32)[np.full(359, int(request.backend == "tf"))]
            np.save(f"{request.folder}/predictions.npy", sure)
        return outcome

    monkeypatch.setattr(children, "trial", trial)
    plan = plan_of("measure.interleave=trials", "measure.repeats=1")
    assert race.run(plan, folder) == 0
    found = store.read(folder).dataset
    assert len(np.load(folder / found.labels)) == len(plan.splits.test) == 359
    assert found.disputed == list(range(DISPUTED))
    assert np.load(folder / found.disputed_images).shape == (DISPUTED, 8, 8, 1)
    plan = plan_of("measure.interleave=trials", "measure.repeats=2")
    assert race.run(plan, tmp_path / "other") == 0, "one trial left no predictions"
    assert store.read(tmp_path / "other").dataset.disputed == []
