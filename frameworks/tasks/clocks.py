"""The clocks of a trial: training step and prediction, in turns with the other contenders; the pipeline in one go.

A turn begins with steps that no clock reads: caches are cold, and threads asleep, after another contender's turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from frameworks import clock
from frameworks.contract import Request, Room
from frameworks.line import Line
from frameworks.order import orders, steps_per_epoch

Readings = dict[str, np.ndarray]

AWAKE, AWAKE_SECONDS = 3, 0.01
"""Steps at the beginning of a turn that no clock reads, at least, and for how long: OpenMP's threads spin for some
milliseconds after their last work, in the way of whoever comes next."""

LEARNT = 100
"""Steps on one batch after which the state of before is put back, at the next turn's beginning. A batch that is
repeated for many hundreds of steps is learnt by heart: gradients vanish, an optimizer's moments become denormal
numbers, and what is clocked is how fast these are. Training never gets there."""


def compute(
    request: Request,
    room: Room,
    step: Callable[[], object],
    phases: clock.Phases,
    line: Line,
    restore: Callable[[], None],
) -> tuple[Readings, clock.Warmup]:
    """Clock the training step on one batch on the device, warmed up before: latency, and throughput by blocks."""
    measure = request.measure
    with phases.phase("warmup"):
        warmup = clock.settle(step, room.synchronize, measure["warmup_steps"], measure["warmup_seconds"])
    per_call = room.steps_per_call()
    calls = min(in_a_turn(warmup.step_seconds, measure), max(1, LEARNT // 2 // per_call))
    latencies, blocks = [], []
    taken = LEARNT
    while line.turn("compute", phases.seconds.get("latency", 0.0) + phases.seconds.get("throughput", 0.0)):
        with phases.phase("between_turns"):
            if taken >= LEARNT:
                restore()
                taken = 0
            taken += per_call * wake(step, room)
        with phases.phase("latency"):
            latencies.append(clock.latency(step, room.synchronize, calls))
        with phases.phase("throughput"):
            blocks.append(clock.throughput(step, room.synchronize, calls))
        taken += per_call * 2 * calls
    return {"latency": joined(latencies) / per_call, "throughput": joined(blocks) / per_call}, warmup


def input_alone(request: Request, room: Room, source: Any, count: int, phases: clock.Phases) -> tuple[np.ndarray, int]:
    """Clock the input pipeline alone over an epoch, or as many as the fewest batches ask for; as `clock.delivery`."""
    train, measure = request.train, request.measure
    size, drop_last, least = train["batch_size"], train["drop_last"], measure["min_batches"]
    epochs = 1 + least // steps_per_epoch(count, size, drop_last)
    with phases.phase("input"):
        batches = room.batches(source, orders(train["seed"], epochs, count), size, drop_last)
        return clock.delivery(batches, room.synchronize, measure["seconds"], least)


def predict(request: Request, room: Room, samples: Any, phases: clock.Phases, line: Line) -> Readings:
    """Clock prediction of one batch on the device, by its size; the latency is that of one sample, waited for."""
    measure = request.measure
    forward: dict[int, tuple[Callable[[], object], int]] = {}
    with phases.phase("predict_warmup"):  # compilers make code for each size
        for size in (1, *measure["predict_sizes"]):
            call = room.inference(samples, size)
            warm = clock.latency(call, room.synchronize, 2 * AWAKE)
            forward[size] = call, in_a_turn(float(np.median(warm[AWAKE:])), measure)
    found: dict[str, list[np.ndarray]] = {}
    while line.turn("predict", phases.seconds.get("predict_sizes", 0.0)):
        with phases.phase("predict_sizes"):
            for size, (call, calls) in forward.items():
                wake(call, room)
                if size == 1:
                    found.setdefault("predict/latency", []).append(clock.latency(call, room.synchronize, calls))
                found.setdefault(f"predict/{size}", []).append(clock.throughput(call, room.synchronize, calls))
    return {name: joined(readings) for name, readings in found.items()}


def wake(step: Callable[[], object], room: Room) -> int:
    """Take steps that no clock reads, until all threads are awake and the others' are asleep; return how many."""
    begin, count = clock.now(), 0
    while count < AWAKE or clock.now() - begin < AWAKE_SECONDS:
        step()
        room.synchronize()
        count += 1
    return count


def in_a_turn(step_seconds: float, measure: dict[str, Any]) -> int:
    """Return how many steps of so many seconds each clock reads in one turn."""
    return max(1, round(float(measure["turn_seconds"]) / max(step_seconds, 1e-9)))


def joined(readings: list[np.ndarray]) -> np.ndarray:
    """Return what a clock read over all turns, (n,)."""
    return np.concatenate(readings) if readings else np.empty(0)
