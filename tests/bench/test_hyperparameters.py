"""What optimizer and schedule may be told: one message for what they may not, before anything starts."""

from __future__ import annotations

import pytest

from bench import hyperparameters
from bench.errors import RequestError
from frameworks.reference import float32

ADAM = {"name": "adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
FTRL = {"name": "ftrl", "learning_rate": 0.1, "learning_rate_power": -0.5, "initial_accumulator_value": 0.1}
ADAGRAD = {"name": "adagrad", "learning_rate": 0.1, "initial_accumulator_value": 0.1, "epsilon": 0.0}
STEP = {"name": "step", "factor": 0.1, "every": 2, "at": None, "warmup_steps": 0}
PLATEAU = {"name": "plateau", "factor": 0.1, "patience": 2}


def test_every_number_is_rounded_to_float32():
    found = hyperparameters.optimizer(ADAM | {"weight_decay": 0.1, "clip_norm": 0.3, "exclude": ["bias"]})
    assert (found["weight_decay"], found["clip_norm"]) == (float32(0.1), float32(0.3))
    assert (found["l2"], found["clip_value"], found["exclude"]) == (0.0, None, ["bias"])


def test_an_accumulator_stands_in_for_epsilon():
    assert hyperparameters.optimizer(ADAGRAD)["epsilon"] == 0


def test_a_negative_power_is_what_ftrl_needs():
    assert hyperparameters.optimizer(FTRL)["learning_rate_power"] == -0.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clip_norm": 0}, "optimizer.clip_norm=0: must be above 0 and finite as a float32; null clips nothing"),
        ({"clip_value": -1.0}, "optimizer.clip_value=-1.0: must be above 0"),
        ({"clip_global_norm": "much"}, "optimizer.clip_global_norm=much: must be a number"),
        (
            {"clip_norm": 1.0, "clip_global_norm": 2.0},
            "optimizer.clip_global_norm=2: optimizer.clip_norm clips already",
        ),
        ({"weight_decay": -0.1}, "optimizer.weight_decay=-0.1: must be at least 0"),
        ({"weight_decay": None}, "optimizer.weight_decay=None: must be a number"),
        ({"l2": True}, "optimizer.l2=True: must be a number"),
        (
            {"l2": 0.1, "exclude": ["biass"]},
            "optimizer.exclude: there is no 'biass'; did you mean 'bias'? (there are: ",
        ),
        ({"l2": 0.1, "exclude": "bias"}, "optimizer.exclude=bias: must be a list: optimizer.exclude=[bias,gamma,beta]"),
        ({"exclude": ["bias"]}, "optimizer.exclude=[bias]: there is nothing to be left out of; set optimizer.weight_d"),
        (
            {"epsilon": 0},
            "optimizer.epsilon=0: must be above 0: a weight whose gradients are all 0 would move by 0 / 0",
        ),
        (ADAGRAD | {"initial_accumulator_value": 0.0}, "optimizer.epsilon=0: must be above 0: a weight"),
        ({"rho": 0.9}, "optimizer.rho: adam has no such hyperparameter"),
        ({"clip_nom": 0.9}, "optimizer.clip_nom: adam has no such hyperparameter; did you mean 'clip_norm'?"),
        ({"name": "sgd", "learning_rate": 1.0, "nesterov": 1}, "optimizer.nesterov=1: must be true or false"),
        (FTRL | {"learning_rate_power": 0.5}, "optimizer.learning_rate_power=0.5: must be at most 0"),
    ],
)
def test_what_an_optimizer_may_not_be_told(given, message):
    with pytest.raises(RequestError) as caught:
        hyperparameters.optimizer(given if "name" in given else ADAM | given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def schedule(given, optimizer=ADAM, epochs=4):
    return hyperparameters.schedule(given, optimizer, epochs, 5)


def test_a_schedule_knows_how_long_the_training_is():
    assert schedule({"name": "constant"}) == {"name": "constant", "warmup_steps": 0, "steps": 20, "steps_per_epoch": 5}
    assert schedule(STEP | {"at": [1, 3]})["at"] == [1, 3]
    assert schedule(PLATEAU)["factor"] == float32(0.1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "cosin"}, "schedule.name: there is no 'cosin'; did you mean 'cosine'?"),
        ({"name": "constant", "warmup_steps": 20}, "schedule.warmup_steps=20: the training has 20 steps; take fewer"),
        ({"name": "constant", "warmup_steps": -1}, "schedule.warmup_steps=-1: must be a whole number of at least 0"),
        ({"name": "constant", "warmup_steps": 1.5}, "schedule.warmup_steps=1.5: must be a whole number of at least 0"),
        ({"name": "cosine", "factor": 0.1}, "schedule.factor: cosine has no such hyperparameter"),
        ({"name": "cosine", "min_rate": 0.1}, "schedule.min_rate=0.1: is above optimizer.learning_rate=0.001"),
        (STEP | {"factor": 1}, "schedule.factor=1: must be above 0 and below 1"),
        (STEP | {"factor": 0}, "schedule.factor=0: must be above 0 and below 1"),
        (STEP | {"every": 0}, "schedule.every=0: must be a whole number of at least 1"),
        (STEP | {"at": [3, 1]}, "schedule.at=[3, 1]: must be numbers of epochs, each above the one before"),
        (STEP | {"at": []}, "schedule.at=[]: must be numbers of epochs"),
        (STEP | {"at": [1, 2.5]}, "schedule.at=[1, 2.5]: must be numbers of epochs"),
        (PLATEAU | {"patience": 0}, "schedule.patience=0: must be a whole number of at least 1"),
        ({"name": "plateau", "factor": 0.1}, "schedule.patience: must be set, plateau needs it"),
    ],
)
def test_what_a_schedule_may_not_be_told(given, message):
    with pytest.raises(RequestError) as caught:
        schedule(given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_ftrl_divides_by_its_rate():
    with pytest.raises(RequestError, match="optimizer=ftrl: divides by its learning rate, which is 0"):
        schedule({"name": "constant"}, FTRL | {"learning_rate": 0.0})
    assert schedule({"name": "cosine"}, FTRL)
    assert schedule({"name": "constant"}, ADAM | {"learning_rate": 0.0})


def test_what_does_nothing_is_not_told():
    settled = hyperparameters.optimizer(ADAM | {"clip_norm": 1.0})
    assert list(hyperparameters.told(settled)) == [*ADAM, "clip_norm"]
    assert hyperparameters.told({"name": "sgd", "momentum": 0.0, "l2": 0.0}) == {"name": "sgd", "momentum": 0.0}
    assert hyperparameters.told_schedule({"name": "constant", "warmup_steps": 0}) == {}
    assert hyperparameters.told_schedule({"name": "constant", "warmup_steps": 3}) != {}
    assert hyperparameters.told_schedule(STEP) == {"name": "step", "factor": 0.1, "every": 2}
    assert hyperparameters.told_schedule(STEP | {"at": [2, 4]}) == {"name": "step", "factor": 0.1, "at": [2, 4]}
