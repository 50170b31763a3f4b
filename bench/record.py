"""What is known of a run before it starts: the record that is written first, and filled in as the run goes on."""

from __future__ import annotations

from datetime import datetime
from importlib import metadata
from typing import Any

from bench import hyperparameters, layers, machine, surroundings
from bench.plan import Plan
from bench.results.format import percent
from bench.results.schema import Dataset, Results
from frameworks.augment import active
from frameworks.reference import OPTIONS


def begin(plan: Plan, samples: str = "", labels: str = "") -> Results:
    """Return results that say what will be run.

    `samples` is where the sample images lie (`bench.samples`), `labels` those of the test split (`bench.disputed`).
    """
    network, config = plan.network, plan.config
    slowed = [item for item in plan.contenders if item.settings.get("handicap")]
    planted = [*plan.plants, *(f"{item.name} slowed by {percent(item.settings['handicap'], 0)}" for item in slowed)]
    augmented = active(config["pipeline"]["augment"])
    scheduled = hyperparameters.told_schedule(config["schedule"])
    return Results(
        command=plan.command,
        started=now(),
        config=config,
        content=plan.content(),
        machine=_machine(plan),
        versions=_versions(plan),
        conditions={
            "device": plan.contenders[0].settings["device"],
            "precision": config["runtime"]["precision"],
            "tf32": config["runtime"]["tf32"],
            "deterministic": config["runtime"]["deterministic"],
            "threads": plan.contenders[0].settings["threads"],
            "batch_size": config["train"]["batch_size"],
            "epochs": config["train"]["epochs"],
            "optimizer": hyperparameters.told(config["optimizer"]),
            "repeats": plan.repeats,
            "pipeline": config["pipeline"]["name"],
        }
        | ({"schedule": scheduled} if scheduled else {})
        | ({"augmentation": augmented} if augmented else {})
        | ({"target": config["train"]["target"]} if config["train"]["target"] is not None else {})
        | _loss(plan)
        | ({"planted": ", ".join(planted)} if planted else {}),
        baseline=plan.baseline,
        contenders=plan.contenders,
        dataset=_dataset(plan, samples, labels),
        model=layers.told(network),
    )


def _loss(plan: Plan) -> dict[str, Any]:
    """Return which loss it is, and what is unusual about it: its parameters, what samples count."""
    train, classes = plan.config["train"], plan.prepared.classes
    unusual = {key: value for key, value in plan.loss_options.items() if value != OPTIONS[key]}
    said = {"loss": train["loss"]} | unusual
    if train["class_weight"]:
        pairs = zip(classes, train["class_weight"], strict=True)
        said["class_weight"] = {name: float(f"{weight:.3g}") for name, weight in pairs}
    return said | ({"sample_weight": train["sample_weight"]} if train["sample_weight"] else {})


def _machine(plan: Plan) -> dict[str, Any]:
    """Return the machine, the GPU that is used, the revision of the code, and the variables that change speed."""
    on_gpu = any(contender.settings["device"] == "gpu" for contender in plan.contenders)
    device = machine.gpu() if on_gpu else None
    more = {
        "gpu_at_start": device.facts() if device else {},
        "revision": surroundings.revisions(),
        "environment": surroundings.variables(),
    }
    return machine.describe() | {key: value for key, value in more.items() if value}


def _dataset(plan: Plan, samples: str, labels: str) -> Dataset:
    prepared, splits = plan.prepared, plan.splits
    return Dataset(
        name=prepared.name,
        title=prepared.title,
        source=prepared.source,
        synthetic=prepared.synthetic,
        input_shape=list(prepared.input_shape),
        classes=list(prepared.classes),
        counts={split: list(counts) for split, counts in splits.counts.items()},
        licence=prepared.licence,
        citation=prepared.citation,
        checksum=prepared.checksum,
        note=prepared.note,
        task=prepared.task,
        class_weights=list(splits.class_weights),
        facts=dict(prepared.facts) | dict(splits.facts),
        samples=samples,
        labels=labels,
    )


def _versions(plan: Plan) -> dict[str, str]:
    """Return versions by package; by contender and package where two contenders have different ones."""
    found = {"parallax-bench": _version("parallax-bench"), "numpy": _version("numpy")}
    for contender in plan.contenders:
        for package, version in contender.versions.items():
            taken = found.setdefault(package, version) != version
            if taken:
                found[f"{contender.name}: {package}"] = version
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def now() -> str:
    """Return the time, ISO 8601 with its zone."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
