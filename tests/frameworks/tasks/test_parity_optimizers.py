"""Every optimizer and schedule through the gate, on a small network with batch norm; mistakes made with them."""

from __future__ import annotations

import pytest

from bench.results import certificate, fingerprint
from frameworks import rooms
from frameworks.reference import OPTIMIZERS, SCHEDULES

NET = [
    {"conv2d": {"filters": 4, "strides": 2, "padding": "same"}}, "batch_norm", "relu", "flatten", {"dense": 6}, "tanh",
    {"dense": "outputs"},
]  # fmt: skip
DENSE = ["flatten", {"dense": 6}, "tanh", {"dense": "outputs"}]
BETAS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
SGD = {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": False}
ADAM = {"name": "adam", "learning_rate": 0.01, **BETAS}
RMSPROP = {"name": "rmsprop", "learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-6}
ADAGRAD = {"name": "adagrad", "learning_rate": 0.05, "initial_accumulator_value": 0.1, "epsilon": 1e-7}
FTRL = {"name": "ftrl", "learning_rate": 0.05, "learning_rate_power": -0.5, "initial_accumulator_value": 0.1}
DECAY = {"weight_decay": 0.1, "exclude": ["bias", "gamma", "beta"]}
COSINE = {"name": "cosine", "min_rate": 0.0, "warmup_steps": 2}
STEP = {"name": "step", "factor": 0.1, "every": 30, "at": None}
"""Its first drop lies far behind the steps that the gate takes."""
PLATEAU = {"name": "plateau", "factor": 0.5, "patience": 3, "cooldown": 1}
HONEST = {
    "sgd": (SGD | DECAY | {"clip_norm": 0.5}, STEP),
    "nesterov": (SGD | {"nesterov": True, "l2": 0.01}, PLATEAU),
    "adam": (ADAM | {"l2": 0.01, "clip_value": 0.05}, {"name": "exponential", "factor": 0.9}),
    # The bias before batch norm has noise for a gradient, of which so small an epsilon makes whole steps.
    "adam, tiny epsilon": (ADAM | {"epsilon": 1e-15}, {}),
    "adamw": (ADAM | {"name": "adamw"} | DECAY, COSINE),
    "nadam": (ADAM | {"name": "nadam", "clip_global_norm": 0.3} | DECAY, PLATEAU | {"warmup_steps": 3}),
    "adamax": (ADAM | {"name": "adamax", "l2": 0.01}, {"name": "constant", "warmup_steps": 3}),
    "rmsprop": (RMSPROP | {"momentum": 0.9, "centered": True} | DECAY, COSINE),
    "adagrad": (ADAGRAD | DECAY, STEP | {"at": [10, 20]}),
    "adadelta": ({"name": "adadelta", "learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-6}, {}),
    "ftrl": (FTRL | {"l1_regularization_strength": 0.01, "beta": 0.1, "l2": 0.01}, STEP),
}
TRAIN = {"epochs": 100}
RATES = "learning rates"


def judged(side_by_side, job, layers, optimizer, schedule, **plants):
    """Return the checks of each alone, and those of the pair, PyTorch against Keras."""
    prints = {}
    for backend in rooms.names():
        made = job(
            layers=layers, optimizer=optimizer, schedule=schedule, train=TRAIN, count=30, task="parity",
            plants=plants.get(backend, []),
        )  # fmt: skip
        answer = side_by_side.ask(backend, "task", made)
        prints[backend] = fingerprint.load(answer.folder / "fingerprint.safetensors", backend)
    alone = {
        (check.contender, check.quantity): check for item in prints.values() for check in certificate.examine(item)
    }
    pair = certificate.certify(prints["torch"], prints["tf"], "float32")
    return alone, {check.quantity: check for check in pair}


def test_every_optimizer_and_schedule_goes_through_the_gate():
    assert {optimizer["name"] for optimizer, _ in HONEST.values()} == OPTIMIZERS.keys()
    assert {schedule["name"] for _, schedule in HONEST.values() if schedule} == SCHEDULES.keys()


@pytest.mark.parametrize("name", HONEST)
def test_honest_rooms_are_certified(side_by_side, job, name):
    optimizer, schedule = HONEST[name]
    alone, pair = judged(side_by_side, job, NET, optimizer, schedule)
    for check in [*alone.values(), *pair.values()]:
        assert check.passed, check
    exact = [check.error for check in pair.values() if not check.quantity.startswith("smoke")]
    assert max(exact) < 1e-10
    for backend in rooms.names():
        assert ((backend, RATES) in alone) == bool(schedule)
    if schedule:
        assert pair[RATES].error == 0


PLANTED = {
    ("tf", "rmsprop_epsilon"): (RMSPROP, {}, "first update", "epsilon inside the root"),
    ("tf", "rate_in_velocity"): (SGD, STEP, "weights after each step", "inside the velocity"),
    ("tf", "l2_factor"): (ADAM | {"l2": 0.01}, {}, "first update", "Keras's regularizer doubles it"),
    ("tf", "clip_per_tensor"): (SGD | {"clip_global_norm": 0.3}, {}, "first update", "clipnorm takes each alone"),
    ("torch", "dampening"): (SGD, {}, "weights after each step", "dampening of the momentum"),
    ("torch", "coupled_decay"): (ADAM | {"weight_decay": 0.1}, {}, "first update", "weight decay taken for L2"),
    ("torch", "nadam_momentum"): (ADAM | {"name": "nadam"}, {}, "first update", "PyTorch's momentum_decay is 0.004"),
    ("torch", "adagrad_accumulator"): (ADAGRAD, {}, "first update", "what the accumulator begins with"),
    ("torch", "clip_epsilon"): (
        SGD | {"learning_rate": 1.0, "clip_global_norm": 0.3},
        {},
        "first update",
        "PyTorch's 1e-6 in it",
    ),
    ("torch", "schedule_early"): (ADAM, STEP, RATES, "a step early or late"),
    ("torch", "warmup_start"): (ADAM, COSINE | {"warmup_steps": 50}, RATES, "a warm-up from another start"),
}


@pytest.mark.parametrize(("backend", "plant"), PLANTED, ids=[plant for _, plant in PLANTED])
def test_a_planted_mistake_is_caught_and_named(side_by_side, job, backend, plant):
    optimizer, schedule, quantity, words = PLANTED[backend, plant]
    alone, pair = judged(side_by_side, job, DENSE, optimizer, schedule, **{backend: [plant]})
    other = next(name for name in rooms.names() if name != backend)
    assert all(check.passed for (name, _), check in alone.items() if name == other)
    wrong = [check for check in (*alone.values(), *pair.values()) if not check.passed]
    assert wrong[0].quantity == quantity
    assert wrong[0].error > 10 * wrong[0].tolerance
    assert words in wrong[0].detail
    assert pair["gradients"].passed
    assert not all(check.passed for check in pair.values()), "nor does the other pass for its twin"
