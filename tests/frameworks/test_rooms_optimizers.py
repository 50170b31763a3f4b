"""Each optimizer and each of its options in each room, alone, against numpy; and the rate of every step."""

from __future__ import annotations

import numpy as np
import pytest

from frameworks import rooms
from frameworks.order import orders
from frameworks.reference import OPTIMIZERS, SCHEDULES, Update, changes, plateau, rates, softmax

BACKENDS = rooms.names()
BETAS = {"beta_1": 0.9, "beta_2": 0.999}
LOW = {"beta_1": 0.3, "beta_2": 0.4}
"""1 - 0.3 is no float32 number, though 0.3 be made one: a framework that rounds it once more is found out."""
SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False}
MOMENTUM = SGD | {"momentum": 0.9}
ADAM = {"name": "adam", "learning_rate": 0.01, "epsilon": 1e-8, **BETAS}
RMSPROP = {"name": "rmsprop", "learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-7}
ADAGRAD = {"name": "adagrad", "learning_rate": 0.1, "initial_accumulator_value": 0.1, "epsilon": 1e-7}
FTRL = {"name": "ftrl", "learning_rate": 0.1, "learning_rate_power": -0.5, "initial_accumulator_value": 0.1}
PLAIN = {
    "sgd": SGD,
    "momentum": MOMENTUM,
    "nesterov": MOMENTUM | {"nesterov": True},
    "adam": ADAM,
    "adam, large epsilon": ADAM | {"epsilon": 1e-3},
    "adam, low betas": ADAM | LOW,
    "adamw": ADAM | {"name": "adamw", "weight_decay": 0.1},
    "nadam": ADAM | {"name": "nadam"},
    "nadam, low betas": ADAM | {"name": "nadam", "epsilon": 1e-3} | LOW,
    "adamax": ADAM | {"name": "adamax"},
    "adamax, large epsilon": ADAM | {"name": "adamax", "epsilon": 1e-2} | LOW,
    "rmsprop": RMSPROP,
    "rmsprop, large epsilon": RMSPROP | {"epsilon": 1e-2, "rho": 0.3},
    "rmsprop, centered": RMSPROP | {"centered": True, "epsilon": 1e-3},
    "rmsprop, momentum": RMSPROP | {"momentum": 0.9},
    "rmsprop, centered, momentum": RMSPROP | {"centered": True, "momentum": 0.5, "epsilon": 1e-3},
    "adagrad": ADAGRAD,
    "adagrad, large epsilon": ADAGRAD | {"epsilon": 0.1, "initial_accumulator_value": 0.0},
    "adadelta": {"name": "adadelta", "learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-6},
    "adadelta, low rho": {"name": "adadelta", "learning_rate": 0.5, "rho": 0.3, "epsilon": 1e-4},
    "ftrl": FTRL,
    "ftrl, all strengths": FTRL | {
        "learning_rate_power": -0.7, "l1_regularization_strength": 0.05, "l2_regularization_strength": 0.03,
        "l2_shrinkage_regularization_strength": 0.02, "beta": 0.3,
    },
}  # fmt: skip
SHARED = {
    "decay": {"weight_decay": 0.1},
    "decay, without biases": {"weight_decay": 0.1, "exclude": ["bias"]},
    "decay of biases alone": {"weight_decay": 0.1, "exclude": ["kernel"]},
    "l2": {"l2": 0.05},
    "l2, without biases": {"l2": 0.05, "exclude": ["bias", "gamma"]},
    "decay and l2": {"weight_decay": 0.1, "l2": 0.05, "exclude": ["bias"]},
    "clip by value": {"clip_value": 0.03},
    "clip each norm": {"clip_norm": 0.1},
    "clip all": {"clip_global_norm": 0.1},
    "clip, decay and l2": {"clip_global_norm": 0.1, "weight_decay": 0.1, "l2": 0.05},
}
COSINE = {"name": "cosine", "min_rate": 0.001, "warmup_steps": 7}
STEP = {"name": "step", "factor": 0.5, "every": 3, "at": None}
ONE_EACH = ["momentum", "adam", "nadam", "adamax", "rmsprop, momentum", "adagrad", "adadelta", "ftrl"]
EPOCHS, COUNT, SIZE = 10, 20, 4
TRAIN = {"epochs": EPOCHS, "batch_size": SIZE, "drop_last": True, "seed": 5, "trace": True}
OPTIONS = {"precision": "float64", "trace": True, "clocked": False, "twin": False}


def in_numpy(request, made):
    """Yield each epoch's losses and the weights after it, of a softmax regression; its gradient is known."""
    pixels, labels = made.images()
    x, y = pixels[:COUNT].reshape(COUNT, -1) * (1 / 255) - 0.5, labels[:COUNT]
    weights = {key: value.astype(np.float64) for key, value in made.initial().items()}
    update, table = Update(request.optimizer, weights), rates(request.schedule, request.optimizer["learning_rate"])
    steps = iter(range(EPOCHS * COUNT // SIZE))
    for order in orders(5, EPOCHS, COUNT):
        losses = []
        for index in order.reshape(-1, SIZE):
            probabilities = softmax(x[index] @ weights["dense_1/kernel"] + weights["dense_1/bias"])
            losses.append(-np.log(probabilities[np.arange(SIZE), y[index]]).mean())
            wrong = (probabilities - np.eye(3)[y[index]]) / SIZE
            gradients = {"dense_1/kernel": x[index].T @ wrong, "dense_1/bias": wrong.sum(0)}
            step = next(steps)
            weights = update(weights, gradients, None if table is None else float(table[step]))
        yield losses, weights


@pytest.fixture
def holds(side_by_side, job, tmp_path):
    """Return a check of one backend against numpy over fifty steps."""

    def check(backend, optimizer, schedule=(), **asked):
        layers = ["flatten", {"dense": "outputs"}]
        made = job(layers=layers, count=COUNT, optimizer=optimizer, schedule=dict(schedule), train=TRAIN)
        found = side_by_side.ask(backend, "train", made, **OPTIONS | asked)
        for epoch, (losses, weights) in enumerate(in_numpy(made.request(backend, tmp_path), made)):
            assert abs(found.arrays[f"losses/{epoch}"] - losses).max() <= 1e-12
            for key, value in weights.items():
                assert abs(found.arrays[f"weights/{epoch}/{key}"] - value).max() <= 1e-12, (epoch, key)
        assert abs(weights["dense_1/kernel"] - made.initial()["dense_1/kernel"]).max() > 0.05

    return check


def test_every_optimizer_is_here():
    assert {given["name"] for given in PLAIN.values()} == OPTIMIZERS.keys()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PLAIN)
def test_each_optimizer_is_the_reference_over_fifty_steps(holds, backend, name):
    holds(backend, PLAIN[name])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize("name", ["momentum"])
def test_each_option_that_all_share(holds, backend, name, shared):
    holds(backend, PLAIN[name] | SHARED[shared])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["adamw", "nadam", "adamax", "rmsprop", "adagrad", "adadelta", "ftrl"])
def test_all_that_is_shared_at_once(holds, backend, name):
    holds(backend, PLAIN[name] | SHARED["clip, decay and l2"] | {"exclude": ["bias"]}, COSINE)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*ONE_EACH, "nesterov", "adamw"])
def test_under_a_schedule(holds, backend, name):
    holds(backend, PLAIN[name] | ({"weight_decay": 0.1} if name in ("momentum", "adamw") else {}), COSINE)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["momentum", "nadam", "ftrl"])
def test_the_compute_clock_leaves_no_step_behind(holds, backend, name):
    """Neither in an optimizer's state nor in the place in a schedule, which the clock may run beyond the end of."""
    holds(backend, PLAIN[name] | {"weight_decay": 0.1, "clip_norm": 0.1}, COSINE, clocked=True)


SCHEDULED = {
    "warm-up": {"name": "constant", "warmup_steps": 4},
    "step": STEP | {"every": 1},
    "step, named": STEP | {"at": [1, 2], "warmup_steps": 3},
    "exponential": {"name": "exponential", "factor": 0.9, "warmup_steps": 2},
    "cosine": COSINE | {"warmup_steps": 0},
    "cosine, warm-up": COSINE,
    "plateau, warm-up": {"name": "plateau", "factor": 0.5, "patience": 2, "cooldown": 0, "warmup_steps": 3},
}


def test_every_schedule_is_here():
    assert {given["name"] for given in SCHEDULED.values()} == SCHEDULES.keys()


@pytest.mark.parametrize("name", SCHEDULED)
def test_the_rate_of_every_step_is_the_reference_s_to_the_bit(side_by_side, job, tmp_path, name):
    """As told, and as it was in force while training took the steps; behind the last step the rate stays."""
    train = TRAIN | {"epochs": 4, "trace": False}
    made = job(layers=["flatten", {"dense": 3}], count=COUNT, optimizer=MOMENTUM, schedule=SCHEDULED[name], train=train)
    request = made.request("tf", tmp_path)
    assert changes(request.schedule)
    table = rates(request.schedule, request.optimizer["learning_rate"])
    meant = np.append(table, np.full(24 - len(table), table[-1]))
    for backend, found in side_by_side.both("rates", made, precision="float32", steps=24).items():
        assert found.arrays["told"].tolist() == meant.tolist(), backend
        assert found.arrays["in_force"].tolist() == meant[:20].tolist(), backend
        assert found.arrays["again"].tolist() == meant[:20].tolist(), f"{backend}: after the state was put back"


@pytest.mark.parametrize("warmup", [0, 4])
def test_a_plateau_in_both_rooms_on_a_sequence_of_losses(side_by_side, job, tmp_path, warmup):
    schedule = {"name": "plateau", "factor": 0.5, "patience": 1, "cooldown": 1, "min_rate": 0.01}
    losses = [3.0, 2.0, 2.5, 2.5, 2.5, 1.0, 1.0, 1.0, 1.0]
    train = TRAIN | {"epochs": len(losses), "trace": False}
    made = job(
        layers=["flatten", {"dense": 3}], count=8, optimizer=MOMENTUM, train=train,
        schedule=schedule | {"warmup_steps": warmup},
    )  # fmt: skip
    request = made.request("tf", tmp_path)
    state = plateau(request.schedule, request.optimizer["learning_rate"])
    table = rates(request.schedule, request.optimizer["learning_rate"])
    after = [request.optimizer["learning_rate"], *(state.after(loss) for loss in losses)]
    assert len(set(after)) == 5
    meant = [np.float32(rate) for rate in after[:-1] for _ in range(2)]
    meant[:warmup] = [] if table is None else table[:warmup]
    for backend, found in side_by_side.both("rates", made, precision="float32", steps=1, losses=losses).items():
        assert found.arrays["in_force"].tolist() == meant, backend


@pytest.mark.parametrize("cooldown", [0, 2])
@pytest.mark.parametrize("min_delta", [0.0, 0.125])
def test_a_plateau_is_what_both_frameworks_call_one(side_by_side, job, tmp_path, cooldown, min_delta):
    """Keras's own callback, with a cooldown of one more, and PyTorch's scheduler, with a patience of one less."""
    losses = np.random.default_rng(0).integers(1, 9, 60) / 8 + np.linspace(1, 0, 60).round(1)
    schedule = {"name": "plateau", "factor": 0.5, "patience": 3, "cooldown": cooldown, "min_delta": min_delta}
    made = job(layers=["flatten", {"dense": 3}], optimizer=SGD, schedule=schedule | {"min_rate": 0.0})
    request = made.request("tf", tmp_path)
    state = plateau(request.schedule, request.optimizer["learning_rate"])
    meant = [state.after(loss) for loss in losses]
    assert len(set(meant)) > 5
    for backend, found in side_by_side.both("stock_plateau", made, losses=losses.tolist()).items():
        assert found.arrays["rates"] == pytest.approx(meant, rel=1e-6), backend


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_training_follows_its_own_validation_loss(side_by_side, job, backend):
    """At so high a rate the loss does not fall, so the rate does; what a journal says of it is in the room."""
    schedule = {"name": "plateau", "factor": 0.1, "patience": 1, "cooldown": 0, "min_rate": 0.0}
    train = TRAIN | {"epochs": 6}
    layers = ["flatten", {"dense": 3}]
    wild = MOMENTUM | {"learning_rate": 30.0}
    falling, staying = (
        side_by_side.ask(backend, "task", job(layers=layers, count=COUNT, optimizer=wild, train=train, schedule=given))
        for given in (schedule, {})
    )
    assert falling.values["status"] == staying.values["status"] == "ok"
    assert falling.values["metrics"]["val_loss"] != staying.values["metrics"]["val_loss"]


@pytest.mark.parametrize(
    ("given", "schedule", "stock"),
    [
        (SGD, {}, True), (MOMENTUM, {}, True), (SGD, COSINE, True), (MOMENTUM, COSINE, False),
        (MOMENTUM | {"weight_decay": 0.1, "clip_norm": 1.0}, {}, True), (SGD | {"l2": 0.1}, {}, False),
        (ADAGRAD, COSINE, True), (PLAIN["adadelta"], {}, True), (FTRL, {}, True), (ADAM, {}, False),
    ],
)  # fmt: skip
def test_where_keras_s_own_means_the_same_it_is_taken(side_by_side, job, given, schedule, stock):
    made = job(layers=["flatten", {"dense": 3}], optimizer=given, schedule=schedule)
    found = side_by_side.ask("tf", "made_of", made).values
    assert found["module"].startswith("keras.") == stock, found


@pytest.mark.parametrize("given", PLAIN.values(), ids=PLAIN)
def test_pytorch_s_own_is_taken_and_does_no_more_than_it_must(side_by_side, job, given):
    found = side_by_side.ask("torch", "made_of", job(layers=["flatten", {"dense": 3}], optimizer=given)).values
    assert found["module"].startswith("torch.optim") == (given["name"] != "ftrl")
    assert (found["hooks"], found["groups"]) == (0, 1)
    assert found["name"] == ("AdamW" if given["name"] == "adamw" else found["name"])
