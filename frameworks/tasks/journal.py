"""What is noted down while a room trains: a row per epoch, every step's loss, and whether it still makes sense."""

from __future__ import annotations

from typing import Any

import numpy as np

from frameworks.clock import Phases, now
from frameworks.contract import Request, Room
from frameworks.line import Line
from frameworks.reference import METRICS, plateau, score

_SPELL = 1.0
"""Seconds of training after which the other contenders have a turn: waking up again costs milliseconds of an epoch."""

_TELL_EVERY = 0.5
"""Seconds between two reports of progress: drawing them costs the machine a little."""


class Journal:
    """The hook of a training: evaluates after each epoch, outside the clock of steps, the same way on both sides."""

    def __init__(
        self,
        request: Request,
        room: Room,
        samples: Any,
        labels: np.ndarray,
        phases: Phases,
        line: Line,
    ) -> None:
        self.request, self.room, self.phases, self.line = request, room, phases, line
        self.samples, self.labels = samples, labels
        self.metric = METRICS[request.samples.task]
        self.falling = plateau(request.schedule, request.optimizer["learning_rate"]) if request.schedule else None
        self.rows: list[dict[str, float]] = []
        self.diverged = ""
        self.last_moment = now()
        self._losses: list[np.ndarray] = []
        self._test: dict[str, float] = {}
        self._told = now()
        self._trained = 0.0  # seconds since the others had a turn

    def epoch(self, index: int, seconds: float, losses: np.ndarray | None, loss: float, metric: float) -> bool:
        """Note an epoch down, with the task's `metric` in training; return whether training goes on."""
        self.phases.add("between_epochs", max(0.0, now() - seconds - self.last_moment))
        if losses is not None:
            self._losses.append(losses)
        self._check(index, losses, loss)
        validation = self._evaluate(self.samples, self.labels)
        if not self.diverged and not np.isfinite(validation["loss"]):
            self.diverged = f"the validation loss became {validation['loss']} after epoch {index + 1}"
        training = in_units(self.request, {"loss": loss, self.metric: metric})
        self.rows.append({"epoch": index + 1, "seconds": seconds, **_named("train", training)})
        self.rows[-1] |= _named("val", validation)
        if self.falling:
            self.room.set_rate(self.falling.after(validation["loss"]))
        if now() - self._told > _TELL_EVERY:
            self.line.tell("epoch", done=index + 1, total=self.request.train["epochs"], **training)
            self._told = now()
        self._trained += seconds
        if self._trained >= _SPELL and not self.diverged and index + 1 < self.request.train["epochs"]:
            self.line.turn("epoch")
            self._trained = 0.0
        self.last_moment = now()
        return not self.diverged

    def _check(self, index: int, losses: np.ndarray | None, loss: float) -> None:
        steps = np.array([loss]) if losses is None else losses
        wrong = np.flatnonzero(~np.isfinite(steps))
        if len(wrong):
            before = sum(map(len, self._losses)) - len(steps) if losses is not None else 0
            where = f"step {before + wrong[0] + 1}" if losses is not None else f"epoch {index + 1}"
            self.diverged = f"the loss became {steps[wrong[0]]} at {where}"

    def _evaluate(self, samples: Any, labels: np.ndarray) -> dict[str, float]:
        samples.parts(self.request.train["batch_size"])  # cut once, before the clock
        begin = now()
        outputs = self.room.predict(samples, self.request.train["batch_size"])()
        asked = self.request
        found = score(asked.samples.task, asked.loss, outputs, labels, asked.loss_options)
        result = in_units(asked, found)
        self.phases.add("evaluate", now() - begin)
        return result

    def evaluate_test(self, samples: Any, labels: np.ndarray) -> None:
        """Evaluate the test set, once, after the last epoch."""
        self.line.tell("phase", name="evaluate")
        self._test = self._evaluate(samples, labels)

    def losses(self) -> np.ndarray:
        """Return each step's loss, (epochs, steps), or an empty array without a trace."""
        return np.stack(self._losses) if self._losses else np.empty((0, 0))

    def metrics(self) -> dict[str, float]:
        """Return what the training ended with."""
        last = self.rows[-1] if self.rows else {}
        kept = {key: value for key, value in last.items() if key not in ("epoch", "seconds")}
        return kept | _named("test", self._test)


def in_units(request: Request, found: dict[str, float]) -> dict[str, float]:
    """Return a score with its mean absolute error in the target's own units, where training had it scaled."""
    if "mae" not in found:
        return found
    return found | {"mae": found["mae"] / abs(request.samples.y_scale)}


def _named(split: str, found: dict[str, float]) -> dict[str, float]:
    return {f"{split}_{key}": value for key, value in found.items()}
