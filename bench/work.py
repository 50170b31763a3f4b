"""From the plan to the requests that children get: the files they read, one request per trial or gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bench.plan import Plan
from bench.results.schema import Contender
from frameworks.contract import Data, Request


class Work:
    """Writes what children read into `folder`, once, and makes their requests."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        splits = {"train": plan.splits.train, "val": plan.splits.val, "test": plan.splits.test}
        for name, index in splits.items():
            np.save(self.folder / f"{name}.npy", index)
        self.data = Data(
            x=str(plan.prepared.folder.resolve() / "x.npy"),
            y=str(plan.prepared.folder.resolve() / "y.npy"),
            splits={name: str(self.folder / f"{name}.npy") for name in splits},
            input_shape=list(plan.network.input_shape),
            outputs=plan.network.outputs,
            scale=plan.scaling[0],
            offset=plan.scaling[1],
        )
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
            data=self.data,
            weights=str(self._weights(seed)),
            optimizer=self.plan.optimizer,
            loss=config["train"]["loss"],
            train=config["train"] | {"seed": seed},
            measure=config["measure"],
            parity=config["parity"],
            content=self._content,
            plants=self.plan.plants,
        )

    def _weights(self, seed: int) -> Path:
        """Return the file with the initial weights of `seed`."""
        path = self.folder / f"weights-{seed}.safetensors"
        if not path.exists():
            save_file(self.plan.network.initial_weights(seed), path)
        return path
