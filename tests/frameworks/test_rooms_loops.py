"""Ways to run a step: all ways of one framework give the same trajectory, and each is what it says it is."""

from __future__ import annotations

import numpy as np
import pytest

ADAMAX = {"name": "adamax", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
ADAM = {"name": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
NET = [
    {"conv2d": {"filters": 4, "strides": 2, "padding": "same", "use_bias": False}}, "batch_norm", "relu", "flatten",
    {"dense": 6}, "tanh", {"dense": "outputs"},
]  # fmt: skip
RANDOM = ["flatten", {"dropout": 0.5}, {"dense": 6}, "relu", {"dense": "outputs"}]
OPTIONS = {"precision": "float64", "trace": True, "clocked": False, "twin": False}
WAYS = {
    "tf_function": ("tf", {"loop": "function"}, "GradientTape in tf.function"),
    "tf_eager": ("tf", {"loop": "eager"}, "GradientTape, eager"),
    "tf_tuned": (
        "tf", {"jit_compile": "auto", "steps_per_execution": 5}, "Keras fit, tf.function, 5 steps per execution"
    ),
    "torch_fused": (
        "torch", {"fused": True, "channels_last": True}, "manual loop, eager, fused optimizer, channels last"
    ),
}  # fmt: skip
COMPILED = {
    "tf_xla": ("tf", {"jit_compile": True}, "Keras fit, XLA"),
    "tf_function_xla": ("tf", {"loop": "function", "jit_compile": True}, "GradientTape in tf.function, XLA"),
    "torch_compile": ("torch", {"compile": True}, "manual loop, torch.compile (default)"),
    "torch_tuned": (
        "torch", {"compile": True, "fused": True, "channels_last": True},
        "manual loop, torch.compile (default), fused optimizer, channels last",
    ),
}  # fmt: skip


def trained(side_by_side, job, backend, settings, **more):
    made = job(**{"layers": NET, "count": 20, "optimizer": ADAM, "settings": settings} | more)
    return side_by_side.ask(backend, "train", made, **OPTIONS)


def same_trajectory(side_by_side, job, way, **more):
    backend, settings, _ = (WAYS | COMPILED)[way]
    plain = trained(side_by_side, job, backend, {}, **more)
    found = trained(side_by_side, job, backend, settings, **more)
    assert found.arrays.keys() == plain.arrays.keys()
    error, where = found.furthest(plain)
    assert error <= 1e-9, where
    for one, other in zip(found.values["epochs"], plain.values["epochs"], strict=True):
        assert one[1:] == pytest.approx(other[1:], rel=1e-6)
        assert one[0] > 0
    return found


@pytest.mark.parametrize("optimizer", [ADAM, {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_a_framework_gives_the_same_trajectory(side_by_side, job, way, optimizer):
    found = same_trajectory(side_by_side, job, way, optimizer=optimizer)
    assert found.arrays["losses/1"].shape == (5,)
    assert found.arrays["losses/1"][-1] < found.arrays["losses/0"][0], "it learns"


@pytest.mark.slow
@pytest.mark.parametrize("way", COMPILED)
def test_every_compiled_way_gives_the_same_trajectory(side_by_side, job, way):
    same_trajectory(side_by_side, job, way)


@pytest.mark.parametrize("loop", ["function", "eager"])
@pytest.mark.parametrize("pipeline", ["memory", "device"])
@pytest.mark.parametrize("drop_last", [True, False])
def test_a_loop_written_by_hand_is_fit_whatever_it_reads_from(side_by_side, job, loop, pipeline, drop_last):
    """With weights beside the labels, random masks, and a last batch that is smaller or left out."""
    more = {
        "count": 22, "train": {"drop_last": drop_last}, "pipeline": {"name": pipeline},
        "class_weights": [1.0, 2.0, 0.5], "sample_weights": np.linspace(0.1, 2, 44),
    }  # fmt: skip
    found = same_trajectory(side_by_side, job, f"tf_{loop}", **more)
    assert found.arrays["losses/0"].shape == (5 if drop_last else 6,)


@pytest.mark.parametrize("loop", ["function", "eager"])
@pytest.mark.parametrize("drop_last", [True, False])
def test_the_compute_clock_leaves_nothing_behind(side_by_side, job, loop, drop_last):
    made = job(layers=RANDOM, count=22, optimizer=ADAM, settings={"loop": loop}, train={"drop_last": drop_last})
    asked = OPTIONS | {"precision": "float32"}
    first, clocked = (side_by_side.ask("tf", "train", made, **asked | {"clocked": c}) for c in (False, True))
    assert first.arrays.keys() == clocked.arrays.keys()
    for name, array in first.arrays.items():
        assert array.tobytes() == clocked.arrays[name].tobytes(), name


@pytest.mark.parametrize("loop", ["function", "eager"])
@pytest.mark.parametrize("count", [20, 22])
@pytest.mark.parametrize("pipeline", ["memory", "device"])
def test_a_whole_trial(side_by_side, job, loop, count, pipeline):
    """Not traced anew by training, whatever the size of its last batch."""
    made = job(
        layers=RANDOM, count=count, settings={"loop": loop}, train={"drop_last": False}, pipeline={"name": pipeline}
    )
    values = side_by_side.ask("tf", "task", made).values
    assert (values["status"], values["retraces"]) == ("ok", 0)
    assert values["environment"]["mode"] == WAYS[f"tf_{loop}"][2]
    assert min(values["epoch_seconds"]) > 0


@pytest.mark.parametrize("loop", ["function", "eager"])
def test_divergence_ends_a_loop_written_by_hand(side_by_side, job, loop):
    sgd = {"name": "sgd", "learning_rate": 1e20, "momentum": 0.0, "nesterov": False}
    made = job(layers=RANDOM[2:], count=20, optimizer=sgd, settings={"loop": loop}, train={"epochs": 4}, shape=(3,))
    values = side_by_side.ask("tf", "task", made).values
    assert values["status"] == "diverged"
    assert len(values["epoch_seconds"]) == 1


@pytest.mark.parametrize("loop", ["fit", "function", "eager"])
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_reduced_precision_scales_the_loss_in_every_loop(side_by_side, job, loop, precision):
    """A scale that is not put on, and taken off all the same, would leave the weights where they were."""
    made = job(layers=RANDOM[2:], shape=(3,), count=20, settings={"loop": loop})
    found, plain = (
        side_by_side.ask("tf", "train", made, **OPTIONS | {"precision": each}) for each in (precision, "float32")
    )
    for name, before in made.initial().items():
        moved, expected = (answer.arrays[f"weights/1/{name}"] - before for answer in (found, plain))
        assert abs(moved - expected).max() < 0.1 * abs(expected).max(), name
    assert found.arrays["losses/1"] == pytest.approx(plain.arrays["losses/1"], rel=0.05)


@pytest.mark.parametrize("way", [*WAYS, *(pytest.param(way, marks=pytest.mark.slow) for way in COMPILED)])
def test_the_mode_says_the_way(side_by_side, job, way):
    backend, settings, mode = (WAYS | COMPILED)[way]
    values = side_by_side.ask(backend, "task", job(layers=NET, count=20, settings=settings)).values
    assert (values["status"], values["environment"]["mode"], values["retraces"]) == ("ok", mode, 0)


def test_an_optimizer_without_a_fused_form_stays_as_it_is(side_by_side, job):
    """And one that has it gets it: what it holds then says so."""
    made = job(layers=["flatten", {"dense": "outputs"}], count=20, settings={"fused": True})
    assert "fused optimizer" in side_by_side.ask("torch", "task", made).values["environment"]["mode"]
    for optimizer, settings in ((ADAMAX, {"fused": True}), (ADAM, {})):
        made = job(layers=["flatten", {"dense": "outputs"}], count=20, optimizer=optimizer, settings=settings)
        assert "fused" not in side_by_side.ask("torch", "task", made).values["environment"]["mode"]
