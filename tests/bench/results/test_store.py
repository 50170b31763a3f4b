from __future__ import annotations

import json
import math

import pytest

from bench.results import store
from bench.results.schema import (
    SCHEMA_VERSION,
    Agreement,
    Check,
    Comparison,
    Contender,
    Dataset,
    Layer,
    Model,
    Parity,
    Results,
    RunWarning,
    Trial,
)


def full():
    """A result in which every part of the schema occurs."""
    return Results(
        status="ok",
        config={"train": {"epochs": 3}},
        baseline="tf",
        contenders=[Contender(name="tf", backend="tf", framework="TensorFlow 2.21.0", settings={"threads": None})],
        dataset=Dataset(
            name="digits",
            title="Digits",
            source="bundled",
            synthetic=False,
            input_shape=[8, 8, 1],
            classes=["0", "1"],
            counts={"train": [3, 4]},
        ),
        model=Model(
            name="mlp",
            parameters=10,
            flops=20,
            layers=[Layer(name="d", kind="dense", output_shape=[10], parameters=10, flops=20)],
        ),
        parity=Parity(
            passed=True,
            checks=[
                Check(
                    contender="torch",
                    baseline="tf",
                    quantity="loss",
                    precision="float64",
                    error=None,
                    tolerance=1e-9,
                    scale="relative",
                    passed=True,
                )
            ],
        ),
        trials=[
            Trial(
                contender="tf",
                repeat=0,
                seed=1,
                status="ok",
                phases={"import": 2.0},
                step_latency_seconds={"p50": 1e-3},
                metrics={"test_accuracy": 0.9, "test_loss": None},
                environment={"threads": 2},
            )
        ],
        comparison=[
            Comparison(
                contender="torch",
                baseline="tf",
                quantity="step_seconds",
                ratio=0.7,
                low=None,
                high=None,
                repeats=1,
                paired=True,
                certified=True,
                verdict="torch measured 1.43× faster",
            )
        ],
        agreement=[
            Agreement(
                contender="torch",
                baseline="tf",
                quantity="test_loss",
                difference=0.0,
                low=None,
                high=None,
                repeats=1,
                paired=True,
                verdict="same",
            )
        ],
        warnings=[RunWarning(kind="single_repeat", message="one", contender=None)],
    )


def test_what_is_written_is_read(tmp_path):
    store.write(tmp_path, full())
    assert store.read(tmp_path) == full()
    assert store.read(tmp_path / store.NAME) == full()


def test_results_without_what_was_added_later_are_read(tmp_path):
    store.write(tmp_path, full())
    path = tmp_path / store.NAME
    old = json.loads(path.read_text())
    for name in ("task", "class_weights", "facts", "samples"):
        del old["dataset"][name]
    del old["trials"][0]["input_seconds"]
    path.write_text(json.dumps(old))
    found = store.read(tmp_path)
    assert found == full()
    assert (found.dataset.task, found.dataset.class_weights, found.dataset.facts) == ("classification", [], {})
    assert (found.dataset.samples, found.trials[0].input_seconds) == ("", None)


def test_not_a_number_becomes_null_at_every_depth(tmp_path):
    results = full()
    results.trials[0].step_seconds = math.nan
    results.trials[0].metrics["test_loss"] = math.inf
    results.config["list"] = [(-math.inf, 1.0)]
    store.write(tmp_path, results)
    text = (tmp_path / store.NAME).read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    found = store.read(tmp_path)
    assert found.trials[0].step_seconds is None
    assert found.trials[0].metrics["test_loss"] is None
    assert found.config["list"] == [[None, 1.0]]


def test_what_was_no_number_can_be_read_again_where_no_null_belongs(tmp_path):
    results = full()
    results.trials[0].phases = {"import": 2.0, "first_step": math.nan}
    results.trials[0].step_latency_seconds = {"p50": math.inf}
    store.write(tmp_path, results)
    found = store.read(tmp_path).trials[0]
    assert found.phases == {"import": 2.0}
    assert found.step_latency_seconds == {}


def test_a_failed_write_leaves_the_old_file_whole(tmp_path):
    store.write(tmp_path, full())
    broken = full()
    broken.config["object"] = object()
    with pytest.raises(TypeError):
        store.write(tmp_path, broken)
    assert store.read(tmp_path) == full()
    assert [path.name for path in tmp_path.iterdir()] == [store.NAME]


def test_a_disk_that_is_full_leaves_no_litter(tmp_path, monkeypatch):
    def full_disk(self, *_args, **_kwargs):
        self.touch()
        raise OSError(28, "No space left on device")

    store.write(tmp_path, full())
    monkeypatch.setattr("pathlib.Path.write_text", full_disk)
    with pytest.raises(OSError, match="No space"):
        store.write(tmp_path, full())
    assert [path.name for path in tmp_path.iterdir()] == [store.NAME]


def test_folders_are_made_and_no_temporary_stays(tmp_path):
    store.write(tmp_path / "a" / "b", full())
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [store.NAME]


def test_numpy_numbers_are_plain_numbers(tmp_path):
    import numpy as np

    results = full()
    results.trials[0].metrics["test_loss"] = np.float64("nan")
    results.trials[0].num_parameters = np.int64(7)
    results.trials[0].throughput = np.float32(2.5)
    store.write(tmp_path, results)
    found = store.read(tmp_path).trials[0]
    assert (found.metrics["test_loss"], found.num_parameters, found.throughput) == (None, 7, 2.5)


def test_whole_numbers_are_times_too_and_unknown_keys_are_passed_over(tmp_path):
    store.write(tmp_path, full())
    path = tmp_path / store.NAME
    value = json.loads(path.read_text())
    value["future"] = 1
    value["trials"][0]["phases"] = {"import": 2}
    path.write_text(json.dumps(value))
    assert store.read(tmp_path) == full()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such file"),
        ("{", "cannot be read as JSON"),
        ("[]", "schema version None"),
        (json.dumps({"schema_version": SCHEMA_VERSION + 1}), f"schema version {SCHEMA_VERSION + 1}"),
        (json.dumps({"schema_version": SCHEMA_VERSION, "trials": 3}), "Results.trials"),
        (json.dumps({"schema_version": SCHEMA_VERSION, "trials": [{"contender": "tf"}]}), "repeat"),
        (json.dumps({"schema_version": SCHEMA_VERSION, "trials": [{"repeat": True}]}), r"Trial\.repeat"),
        (json.dumps({"schema_version": SCHEMA_VERSION, "parity": {"passed": "yes"}}), "Parity.passed"),
    ],
)
def test_what_is_no_results_file_is_refused_by_name(tmp_path, text, words):
    if text is not None:
        (tmp_path / store.NAME).write_text(text)
    with pytest.raises(store.SchemaError, match=words) as caught:
        store.read(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / store.NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(store.SchemaError, match="cannot be read"):
        store.read(tmp_path)
