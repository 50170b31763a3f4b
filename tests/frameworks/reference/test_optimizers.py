from __future__ import annotations

import math

import numpy as np
import pytest

from frameworks.reference import OPTIMIZERS, SGD, Adam, float32, meaning

BETAS = {"beta_1": 0.5, "beta_2": 0.75}


def walk(optimizer, gradients, start=1.0, rates=()):
    weights, path = np.array([start]), []
    for index, gradient in enumerate(gradients):
        weights = optimizer.step(weights, np.array([gradient]), *rates[index : index + 1])
        path.append(float(weights[0]))
    return path


def of(name, **given):
    return meaning({"name": name, "learning_rate": 0.5, **given})


def test_sgd():
    assert walk(SGD(learning_rate=0.5), [1.0, -2.0]) == [0.5, 1.5]


def test_momentum():
    # velocities 1, 0.5 - 2 = -1.5, -0.75 + 4 = 3.25
    assert walk(SGD(learning_rate=0.5, momentum=0.5), [1.0, -2.0, 4.0]) == [0.5, 1.25, -0.375]


def test_nesterov():
    # updates 1 + 0.5, -2 - 0.75, 4 + 1.625
    found = walk(SGD(learning_rate=0.5, momentum=0.5, nesterov=True), [1.0, -2.0, 4.0])
    assert found == [0.25, 1.625, -1.1875]


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_rate_is_outside_the_velocity(nesterov):
    """A rate that falls to 0 stops the weights at once, whatever speed they had."""
    optimizer = SGD(learning_rate=9.0, momentum=0.5, nesterov=nesterov)
    path = walk(optimizer, [1.0, -2.0, 4.0, 0.0], rates=[0.5, 0.0, 0.25, 1.0])
    velocities = [1.0, -1.5, 3.25, 1.625]
    steps = [g + 0.5 * v for g, v in zip([1.0, -2.0, 4.0, 0.0], velocities, strict=True)] if nesterov else velocities
    moved = np.array([0.5, 0.0, 0.25, 1.0]) * steps
    assert path == pytest.approx(list(1 - np.cumsum(moved)), abs=1e-15)


def test_adam():
    # m: 1 → corrected 2 / (1/2), …: betas of 1/2 and 3/4 keep the numbers small
    first, second = walk(of("adam", epsilon=1.0, **BETAS), [2.0, -4.0])
    assert first == pytest.approx(1 - 0.5 * 2 / (2 + 1), abs=1e-15)
    mean = (0.5 * 1 + 0.5 * -4) / (1 - 0.25)
    variance = (0.75 * 1 + 0.25 * 16) / (1 - 0.5625)
    assert second == pytest.approx(first - 0.5 * mean / (math.sqrt(variance) + 1), abs=1e-15)


def test_adam_s_first_step_is_the_rate_whatever_the_gradient():
    for gradient in (1e-3, 1.0, 1e3):
        optimizer = Adam(learning_rate=0.1, beta_1=0.9, beta_2=0.999, epsilon=1e-12)
        assert walk(optimizer, [gradient])[0] == pytest.approx(0.9, abs=1e-9)


def test_adam_s_epsilon_stands_beside_the_corrected_root():
    optimizer = Adam(learning_rate=1.0, beta_1=0.9, beta_2=0.999, epsilon=1e-3)
    assert walk(optimizer, [1e-3])[0] == pytest.approx(0.5, abs=1e-12)  # uncorrected it would be 0.97


def test_adamw_is_adam_that_decays_by_default():
    assert of("adamw", epsilon=1.0, **BETAS).weight_decay == 0.01
    assert of("adam", epsilon=1.0, **BETAS).weight_decay == 0.0
    steps = [walk(of(name, epsilon=1.0, **BETAS), [2.0, -4.0]) for name in ("adam", "adamw")]
    assert steps[0] == steps[1], "the decay is no part of the step"


def test_nadam():
    # μ: 0.5 (1 - ½ · 0.96) = 0.26, 0.5 (1 - ½ · 0.9216) = 0.2696, 0.5 (1 - ½ · 0.884736) = 0.278816
    first, second = walk(of("nadam", epsilon=1.0, **BETAS), [2.0, -4.0])
    mean = 0.2696 * 1 / (1 - 0.26 * 0.2696) + (1 - 0.26) * 2 / (1 - 0.26)
    assert first == pytest.approx(1 - 0.5 * mean / (2 + 1), abs=1e-15)
    product = 0.26 * 0.2696
    mean = 0.278816 * -1.5 / (1 - product * 0.278816) + (1 - 0.2696) * -4 / (1 - product)
    root = math.sqrt((0.75 * 1 + 0.25 * 16) / (1 - 0.5625))
    assert second == pytest.approx(first - 0.5 * mean / (root + 1), abs=1e-15)


def test_adamax():
    first, second, third = walk(of("adamax", epsilon=1.0, **BETAS), [2.0, 0.5, 0.0])
    assert first == pytest.approx(1 - 0.5 * 2 / 3, abs=1e-15)
    # 0.75 · 3 = 2.25 is above 0.5 + 1; then 0.75 · 2.25 above 0 + 1
    assert second == pytest.approx(first - 0.5 * (0.75 / 0.75) / 2.25, abs=1e-15)
    assert third == pytest.approx(second - 0.5 * (0.375 / 0.875) / 1.6875, abs=1e-15)


def test_rmsprop():
    first, second = walk(of("rmsprop", rho=0.75, epsilon=1.0), [2.0, -4.0])
    assert first == pytest.approx(1 - 0.5 * 2 / (1 + 1), abs=1e-15)  # inside the root: 2 / √2
    assert second == pytest.approx(first + 0.5 * 4 / (math.sqrt(0.75 + 4) + 1), abs=1e-15)


def test_centered_rmsprop_with_momentum():
    optimizer = of("rmsprop", rho=0.75, epsilon=1.0, centered=True, momentum=0.5)
    first, second = walk(optimizer, [2.0, -4.0], rates=[0.5, 0.25])
    one = 2 / (math.sqrt(1 - 0.25) + 1)
    assert first == pytest.approx(1 - 0.5 * one, abs=1e-15)
    mean = 0.75 * 0.5 - 0.25 * 4
    two = 0.5 * one - 4 / (math.sqrt(4.75 - mean**2) + 1)
    assert second == pytest.approx(first - 0.25 * two, abs=1e-15)


def test_adagrad():
    first, second = walk(of("adagrad", initial_accumulator_value=3.0, epsilon=2.0), [2.0, -4.0])
    assert first == pytest.approx(1 - 0.5 * 2 / math.sqrt(3 + 4 + 2), abs=1e-15)
    assert second == pytest.approx(first + 0.5 * 4 / math.sqrt(3 + 4 + 16 + 2), abs=1e-15)


def test_adadelta():
    first, second = walk(of("adadelta", rho=0.75, epsilon=1.0), [2.0, -4.0])
    moved = 2 * math.sqrt(1) / math.sqrt(1 + 1)
    assert first == pytest.approx(1 - 0.5 * moved, abs=1e-15)
    again = -4 * math.sqrt(0.25 * moved**2 + 1) / math.sqrt(0.75 + 4 + 1)
    assert second == pytest.approx(first - 0.5 * again, abs=1e-15)


FTRL = {"learning_rate_power": -0.5, "initial_accumulator_value": 4.0}


def test_ftrl_by_hand():
    strengths = {
        "l1_regularization_strength": 0.5, "l2_regularization_strength": 0.25,
        "l2_shrinkage_regularization_strength": 0.125, "beta": 1.0,
    }  # fmt: skip
    found = walk(of("ftrl", **FTRL, **strengths), [3.0])[0]
    n = math.sqrt(4 + 9)
    linear = 3 + 2 * 0.125 * 1 - (n - 2) / 0.5 * 1
    curvature = n / 0.5 + 1 / 0.5 + 2 * 0.25
    assert abs(linear) < 0.5
    assert found == pytest.approx(0.0, abs=1e-15), "within l1 of 0, a weight is 0"
    linear = 9 + 2 * 0.125 * 1 - (math.sqrt(85) - 2) / 0.5 * 1
    curvature = math.sqrt(85) / 0.5 + 1 / 0.5 + 2 * 0.25
    found = walk(of("ftrl", **FTRL, **strengths), [-9.0])[0]
    linear = -9 + 2 * 0.125 * 1 - (math.sqrt(85) - 2) / 0.5 * 1
    assert found == pytest.approx((-0.5 - linear) / curvature, abs=1e-15)


def test_ftrl_s_weights_follow_from_all_gradients():
    """At power 0 there are no rates of one's own: it is descent from 0."""
    found = walk(of("ftrl", learning_rate_power=0.0, initial_accumulator_value=4.0), [1.0, -3.0], start=7.0)
    assert found == pytest.approx([-0.5, 1.0], abs=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_of_0_moves_nothing(name):
    if name == "ftrl":
        pytest.skip("divides by the rate")
    needed = {
        "adagrad": FTRL | {"epsilon": 1.0}, "adadelta": {"rho": 0.5, "epsilon": 1.0},
        "rmsprop": {"rho": 0.5, "epsilon": 1.0}, "sgd": {"momentum": 0.5},
    }.get(name, BETAS | {"epsilon": 1.0})  # fmt: skip
    needed = {key: value for key, value in needed.items() if key != "learning_rate_power"}
    optimizer = of(name, **needed)
    path = walk(optimizer, [1.0, 2.0, 3.0], rates=[0.0, 0.25, 0.0])
    assert path[0] == 1.0
    assert path[1] == path[2] != 1.0


def test_what_is_an_optimizer_s_own():
    assert of("adamw", epsilon=1.0, clip_norm=1.0, **BETAS).own() == {"epsilon": 1.0, **BETAS}
    assert of("sgd").own() == {"momentum": 0.0, "nesterov": False}


def test_float32():
    assert float32(0.5) == 0.5
    assert float32(0.9) == float(np.float32(0.9)) != 0.9
    assert float32(float32(1e-8)) == float32(1e-8)
