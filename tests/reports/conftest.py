"""Writes run folders as a real run leaves them, from numbers made up with a seed."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.results import store
from bench.results.schema import (
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

EPOCHS = 5
STEPS = 300
FRAMEWORKS = {"tf": "TensorFlow 2.21.0 / Keras 3.15.1", "torch": "PyTorch 2.15.0"}
SPEED = {"tf": 1.62e-3, "torch": 1.23e-3}


def write_run(
    folder: Path,
    *,
    contenders: tuple[str, ...] = ("tf", "torch"),
    repeats: int = 3,
    dataset: str = "digits",
    model: str = "mlp",
    files: bool = True,
) -> Results:
    """Write a finished run and return its results, for a test to change and write again."""
    results = _results(contenders, dataset, model)
    for repeat in range(repeats):
        for name in contenders:
            results.trials.append(_trial(folder, name, repeat, files))
    if len(contenders) > 1:
        _compare(results, contenders, repeats)
    store.write(folder, results)
    return results


def _results(contenders: tuple[str, ...], dataset: str, model: str) -> Results:
    return Results(
        status="ok",
        command=f"python -m bench dataset={dataset} model={model}",
        started="2026-01-05T10:00:00+01:00",
        finished="2026-01-05T10:01:02+01:00",
        wall_seconds=62.3,
        config={"train": {"epochs": EPOCHS, "batch_size": 64}, "model": {"name": model}},
        machine={"cpu": "AMD EPYC 9R14", "cores": 2, "memory_bytes": 8_000_000_000, "gpu": None},
        versions={"python": "3.11.7", "numpy": "2.4.0", "parallax": "0.1.0"},
        conditions={
            "device": "cpu",
            "precision": "float32",
            "threads": 2,
            "batch_size": 64,
            "epochs": EPOCHS,
            "optimizer": {"name": "adam", "learning_rate": 0.001},
        },
        baseline=contenders[0],
        contenders=[
            Contender(name=name, backend=name, framework=FRAMEWORKS.get(name, name), settings={"compile": False})
            for name in contenders
        ],
        dataset=Dataset(
            name=dataset,
            title=f"Handwritten {dataset}",
            source="scikit-learn",
            synthetic=False,
            input_shape=[8, 8, 1],
            classes=[str(digit) for digit in range(10)],
            counts={"train": [101] * 10, "val": [34] * 10, "test": [45] * 10},
            licence="CC BY 4.0",
            citation="Alpaydin and Kaynak, 1998, https://doi.org/10.24432/C50P49",
            checksum="ab" * 32,
        ),
        model=Model(
            name=model,
            parameters=17_226,
            flops=34_176,
            layers=[
                Layer(name="flatten", kind="flatten", output_shape=[64], parameters=0, flops=0),
                Layer(name="dense", kind="dense", output_shape=[128], parameters=8_320, flops=16_512),
                Layer(name="logits", kind="dense", output_shape=[10], parameters=1_290, flops=2_570),
            ],
        ),
        parity=_parity(contenders),
    )


def _parity(contenders: tuple[str, ...]) -> Parity:
    if len(contenders) < 2:
        return Parity()
    checks = [
        Check(
            contender=name,
            baseline=contenders[0],
            quantity=quantity,
            precision="float64",
            error=3.1e-13,
            tolerance=1e-9,
            scale="the global norm",
            passed=True,
        )
        for name in contenders[1:]
        for quantity in ("parameters", "outputs", "loss", "gradients", "weights")
    ]
    return Parity(
        passed=True,
        checks=checks,
        modes={"tf": "fit", "torch": "manual loop"},
        corrected=["running variance of batch norm: biased in Keras"],
        uncertified=["random dropout masks"],
        message="float64, largest error 3.1e-13, tolerance 1e-9.",
    )


def _trial(folder: Path, name: str, repeat: int, files: bool) -> Trial:
    rng = np.random.default_rng([repeat, len(name)])
    # What slows a repeat slows both: a report computes the ratios anew, and they scatter by less than the times.
    wobble = np.random.default_rng([repeat, 5]).normal(1, 0.02)
    step = SPEED.get(name, 1.4e-3) * wobble * (1 + 0.003 * (repeat % 3 - 1) * (name == "tf"))
    rng.normal()
    epoch = step * STEPS / EPOCHS * 1.3
    trial = Trial(
        contender=name,
        repeat=repeat,
        seed=1 + repeat,
        status="ok",
        folder=f"trials/{name}-{repeat}",
        num_parameters=17_226,
        phases={
            "import": 2.9 if name == "tf" else 1.7,
            "load": 0.02,
            "build": 0.05,
            "first_step": 0.4 if name == "tf" else 0.01,
            "latency": 0.5,
            "throughput": 0.9,
            "train": epoch * EPOCHS,
            "tail": 0.01,
            "evaluate": 0.1,
            "predict": 0.05,
        },
        step_seconds=step,
        step_latency_seconds={"p50": step * 1.1, "p95": step * 1.4, "p99": step * 2},
        epoch_seconds=epoch,
        throughput=64 / step,
        metrics={"test_accuracy": 0.972 + 0.002 * repeat, "test_loss": 0.0987 + 0.001 * repeat},
    )
    if files:
        _write_files(folder / trial.folder, step, epoch, rng, repeat)
    return trial


def _write_files(folder: Path, step: float, epoch: float, rng: np.random.Generator, repeat: int) -> None:
    folder.mkdir(parents=True)
    with (folder / "epochs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "seconds", "train_loss", "train_accuracy", "val_loss", "val_accuracy"])
        for number in range(1, EPOCHS + 1):
            loss = 2.3 * math.exp(-0.7 * number) + 0.02 * repeat
            writer.writerow([number, epoch, loss, 1 - loss / 3, loss + 0.08, 0.98 - loss / 3])
    ramp = np.arange(STEPS)
    losses = 2.3 * np.exp(-ramp / 60) + 0.1 * rng.gamma(2, 0.5, STEPS)
    rows = {
        "phase": ["latency"] * 200 + ["throughput"] * 10 + ["train"] * STEPS,
        "epoch": [0] * 210 + list(1 + ramp // (STEPS // EPOCHS)),
        "step": [*range(200), *range(10), *(ramp % (STEPS // EPOCHS))],
        "seconds": [*(step * 1.1 * rng.lognormal(0, 0.12, 200)), *[step] * 10, *[math.nan] * STEPS],
        "loss": [*[math.nan] * 210, *losses],
    }
    pq.write_table(pa.table(rows), folder / "steps.parquet")
    (folder / "log.txt").write_text("line one\nthe last line\n", encoding="utf-8")


def _compare(results: Results, contenders: tuple[str, ...], repeats: int) -> None:
    times = {"step_seconds": 0.76, "latency_p50_seconds": 0.78, "epoch_seconds": 0.83, "first_step_seconds": 0.04}
    times |= {"predict_seconds": 1.12, "import_seconds": 0.61}
    for name in contenders[1:]:
        for quantity, ratio in times.items():
            results.comparison.append(
                Comparison(
                    contender=name,
                    baseline=contenders[0],
                    quantity=quantity,
                    ratio=ratio,
                    low=ratio * 0.94,
                    high=ratio * 1.06,
                    repeats=repeats,
                    paired=True,
                    certified=True,
                    verdict=f"{name} is 1.32× faster than tf per training step (95 % interval 1.28–1.36, 3 repeats)",
                )
            )
        results.agreement.append(
            Agreement(
                contender=name,
                baseline=contenders[0],
                quantity="test_accuracy",
                difference=0.0012,
                low=-0.004,
                high=0.006,
                repeats=repeats,
                paired=True,
                verdict="the two agree in test accuracy within 0.6 points (3 repeats)",
            )
        )
    results.warnings.append(
        RunWarning(kind="few_repeats", message="Three repeats make a wide interval.", advice="Try measure.repeats=5.")
    )


LABELS = np.arange(40) % 10
"""Of the test samples of `answer`."""


def answer(folder: Path, results: Results, wrong: dict[str, list[list[int]]] | None = None) -> Results:
    """Add labels and predictions to a run in `folder`: everybody names the true class, but for what `wrong` says.

    That is by contender and repeat which samples are taken for the next class.
    """
    dataset = results.dataset
    (folder / "data").mkdir(parents=True, exist_ok=True)
    dataset.labels = "data/test_labels.npy"
    np.save(folder / dataset.labels, LABELS.astype(np.int32))
    for trial in results.trials:
        said = LABELS.copy()
        rows = (wrong or {}).get(trial.contender, [])
        if trial.repeat < len(rows):
            said[rows[trial.repeat]] = (said[rows[trial.repeat]] + 1) % 10
        (folder / trial.folder).mkdir(parents=True, exist_ok=True)
        np.save(folder / trial.folder / "predictions.npy", np.eye(10, dtype=np.float32)[said])
    store.write(folder, results)
    return results


@pytest.fixture(scope="session")
def with_answers():
    """Return the function that adds answers to a run."""
    return answer


@pytest.fixture(scope="session")
def make_run():
    """Return the function that writes a run folder."""
    return write_run


@pytest.fixture
def run_folder(tmp_path):
    """Return the folder of a finished run: 2 contenders, 3 repeats, 5 epochs."""
    write_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def sweep_folder(tmp_path):
    """Return a sweep: two good runs, an interrupted one, one whose job failed, one that left nothing."""
    folder = tmp_path / "sweep"
    write_run(folder / "0", files=False)
    write_run(folder / "1", dataset="mnist", model="cnn")
    results = write_run(folder / "2", dataset="mnist", repeats=1)
    results.status, results.message = "interrupted", "stopped by Ctrl-C"
    store.write(folder / "2", results)
    store.write(folder / "3", Results(status="failed", message="no such GPU <0>"))
    (folder / "10" / ".hydra").mkdir(parents=True)
    (folder / "10" / ".hydra" / "overrides.yaml").write_text("- dataset=mnist\n- model=<b>cnn</b>\n")
    return folder
