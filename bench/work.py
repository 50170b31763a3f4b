"""From the plan to the requests that children get: the files they read, one request per trial or gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bench.plan import Plan
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.contract import Data, Request


class Work:
    """Writes what children read into `folder`, once, and makes their requests."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        splits = {"train": plan.splits.train, "val": plan.splits.val, "test": plan.splits.test}
        for name, index in splits.items():
            np.save(self.folder / f"{name}.npy", index)
        self._splits = {name: str(self.folder / f"{name}.npy") for name in splits}
        self._weights_of_samples = ""
        if plan.sample_weights is not None:
            self._weights_of_samples = str(self.folder / "sample_weights.npy")
            np.save(self._weights_of_samples, plan.sample_weights)
        self._content = plan.content()

    def request(self, task: str, contender: Contender, repeat: int, folder: Path) -> Request:
        """Return the request of `contender` for a trial of `repeat`, or for the gate; its files go to `folder`."""
        config: dict[str, Any] = self.plan.config
        seed = config["train"]["seed"] + repeat
        return Request(
            task=task,
            contender=contender.name,
            backend=contender.backend,
            settings=contender.settings,
            folder=str(folder.resolve()),
            model=self.plan.network.name,
            layers=config["model"]["layers"],
            data=self.data(rooms.channels_first(contender.backend)),
            weights=str(self._weights(seed)),
            optimizer=self.plan.optimizer,
            schedule=self.plan.schedule,
            loss=config["train"]["loss"],
            loss_options=self.plan.loss_options,
            class_weights=config["train"]["class_weight"] or [],
            train=config["train"] | {"seed": seed},
            pipeline=self._pipeline() if task == "trial" or config["pipeline"]["name"] != "memory" else {},
            measure=config["measure"],
            parity=config["parity"],
            content=self._content,
            plants=self.plan.plants,
        )

    def data(self, channels_first: bool) -> Data:
        """Return where the samples lie, as a room has its images."""
        plan, prepared = self.plan, self.plan.prepared
        files = prepared.folder / "files.json"
        planes = plan.planes if channels_first else None
        return Data(
            x=str((planes or prepared.folder / "x.npy").resolve()),
            y=str((prepared.folder / "y.npy").resolve()),
            splits=self._splits,
            input_shape=list(plan.network.input_shape),
            outputs=plan.network.outputs,
            scale=plan.scaling[0],
            offset=plan.scaling[1],
            channels_first=planes is not None,
            task=prepared.task,
            y_scale=plan.target_scaling[0],
            y_offset=plan.target_scaling[1],
            files=str(files.resolve()) if files.exists() else "",
            value_range=list(prepared.value_range) if prepared.value_range else None,
            weights=self._weights_of_samples,
        )

    def _pipeline(self) -> dict[str, Any]:
        """Return how training samples get to the model, with what its files are made by and where its own are kept."""
        given: dict[str, Any] = self.plan.config["pipeline"]
        interpolation = self.plan.config["dataset"].get("interpolation")
        return given | {"interpolation": interpolation, "folder": str(self.plan.prepared.folder.resolve())}

    def _weights(self, seed: int) -> Path:
        """Return the file with the initial weights of `seed`."""
        path = self.folder / f"weights-{seed}.safetensors"
        if not path.exists():
            save_file(self.plan.network.initial_weights(seed) | self.plan.given, path)
        return path
