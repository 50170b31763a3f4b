"""The gate from end to end: fingerprints by both rooms, the certificate over them, and mistakes planted in a room."""

from __future__ import annotations

import numpy as np
import pytest

from bench.results import certificate, fingerprint
from frameworks import rooms
from tests.frameworks.tasks.test_parity_optimizers import PLANTED as OF_OPTIMIZERS

ADAM = {"name": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
NET = [
    {"conv2d": {"filters": 4, "strides": 2, "padding": "same"}}, "batch_norm", "relu", "flatten", {"dropout": 0.5},
    {"dense": 6}, "tanh", {"dense": "outputs"},
]  # fmt: skip
SGD_SLOW = SGD | {"learning_rate": 0.001}
STILL = {"batch_norm": {"name": "frozen", "trainable": False}}
MEANS = [{"avg_pool2d": {"pool_size": 3, "strides": 1, "padding": 1}}, STILL]
MOST = [{"max_pool2d": {"pool_size": 3, "strides": 1, "padding": "same"}}, {"conv2d": {"filters": 4, "padding": 1}}]
TREE = [
    {"depthwise_conv2d": {"depth_multiplier": 2, "padding": 1}}, "layer_norm", {"add": [MEANS, [*MOST, "batch_norm"]]},
    "relu", "flatten", {"dropout": 0.5}, {"dense": "outputs"},
]  # fmt: skip
BENT = ["flatten", {"dense": 6}, "gelu", {"dense": 6}, "leaky_relu", {"dense": "outputs"}]
NORMED = ["flatten", "batch_norm", {"dense": 6}, "silu", {"dense": "outputs"}]
TABLE = {
    "shape": (5,), "outputs": 1, "scale": [1 / 60, 1 / 30, 1 / 70, 1 / 3, 0.1], "offset": [-1.6, 0.3, -1.0, 0.7, 0.0],
    "y_scale": 0.2, "y_offset": -4.0,
}  # fmt: skip
DENSE = ["flatten", {"dense": 6}, "relu", {"dense": "outputs"}]
QUANTITIES = [
    "trainable parameters", "layer outputs", "loss", "gradients", "weights after each step", "losses of the steps",
    "inference after the steps", "smoke: losses of the steps",
]  # fmt: skip


def read(answer, backend):
    return fingerprint.load(answer.folder / "fingerprint.safetensors", backend)


@pytest.fixture(scope="module")
def gate(side_by_side, job):
    """Return the checks of a network, PyTorch against Keras, with mistakes planted in one of them."""

    known = {}

    def run(layers, optimizer, learns="classification", more=None, **plants):
        prints = {}
        for backend in rooms.names():
            planted = plants.get(backend, [])
            key = str([backend, layers, optimizer, learns, more, planted])
            if key not in known:
                kind = {} if learns == "classification" else TABLE | {"learns": learns}
                made = job(
                    layers=layers, optimizer=optimizer, count=30, task="parity", plants=planted, **kind, **(more or {})
                )
                known[key] = read(side_by_side.ask(backend, "task", made), backend)
            prints[backend] = known[key]
        alone = [check for item in prints.values() for check in certificate.examine(item)]
        assert all(check.passed for check in alone if check.contender not in plants)
        wrong = {f"{check.contender} alone: {check.quantity}": check for check in alone if not check.passed}
        checks = certificate.certify(prints["torch"], prints["tf"], "float32")
        return {check.quantity: check for check in checks} | wrong

    return run


@pytest.mark.parametrize(
    ("layers", "optimizer", "learns"),
    [
        (NET, SGD, "classification"), (NET, ADAM, "classification"), (DENSE, ADAM, "classification"),
        (TREE, SGD, "classification"), (TREE, ADAM, "classification"),
        (DENSE, ADAM, "binary"), (NORMED, SGD, "binary"), (DENSE, SGD_SLOW, "regression"), (NORMED, ADAM, "regression"),
    ],
    ids=["sgd", "adam", "dense", "tree", "tree with adam", "binary dense", "binary normed", "regression dense",
         "regression normed"],
)  # fmt: skip
def test_honest_rooms_are_certified(gate, layers, optimizer, learns):
    checks = gate(layers, optimizer, learns)
    assert list(checks) == QUANTITIES
    for check in checks.values():
        assert check.passed, check
        assert check.precision == ("float32" if check.quantity.startswith("smoke") else "float64")
    assert max(checks[name].error for name in QUANTITIES[:-1]) < 1e-10


def test_no_float32_constant_is_left_in_float64(gate):
    """TensorFlow's own gelu and leaky relu have some: 1e-8 of an output, which Adam lifts beyond any limit."""
    checks = gate(["flatten", {"dense": 6}, "gelu", {"gelu": True}, "leaky_relu", {"dense": "outputs"}], ADAM)
    assert max(checks[name].error for name in QUANTITIES[:-1]) < 1e-12


PLANTED = {
    ("tf", "adam_epsilon"): (NET, ADAM, "weights after each step", ["departs first at step 1", "optimizer formula"]),
    ("tf", "batch_norm_epsilon"): (NET, SGD, "layer outputs", ["layer batch_norm_1", "epsilon"]),
    ("torch", "batch_norm_momentum"): (
        NET,
        SGD,
        "weights after each step",
        ["step 1", "/moving_", "momentum's meaning"],
    ),
    ("torch", "kernel_order"): (DENSE, ADAM, "layer outputs", ["layer dense_1", "order"]),
    ("torch", "padding"): (NET, SGD, "layer outputs", ["layer conv2d_1", "padding"]),
    ("tf", "from_logits"): (DENSE, ADAM, "loss", ["a softmax taken twice or left out"]),
    ("torch", "target_broadcast"): (DENSE, SGD_SLOW, "loss", ["targets in another shape"]),
    ("tf", "label_smoothing"): (DENSE, ADAM, "loss", ["another parameter of the loss"]),
    ("tf", "focal_alpha"): (DENSE, ADAM, "loss", ["another parameter of the loss"]),
    ("torch", "class_weight_mean"): (DENSE, ADAM, "loss", ["another reduction or other weights"]),
    ("torch", "double_softmax"): (DENSE, ADAM, "loss", ["a softmax taken twice"]),
    ("torch", "huber_delta"): (DENSE, SGD_SLOW, "loss", ["another parameter of the loss"]),
    ("torch", "depthwise_order"): (TREE, SGD, "layer outputs", ["layer depthwise_conv2d_1", "channel by channel"]),
    ("torch", "flatten_order"): (TREE, SGD, "layer outputs", ["layer dense_1", "flattened channels first"]),
    ("torch", "layer_norm_epsilon"): (TREE, SGD, "layer outputs", ["layer layer_norm_1", "epsilon in layer norm"]),
    ("torch", "frozen_batch_norm"): (TREE, SGD, "layer outputs", ["layer frozen", "moving statistics"]),
    ("torch", "max_pool_padding"): (TREE, SGD, "layer outputs", ["layer max_pool2d_1", "zeros instead of minus"]),
    ("torch", "avg_pool_padding"): (TREE, SGD, "layer outputs", ["layer avg_pool2d_1", "padding counted"]),
    ("tf", "gelu_tanh"): (BENT, SGD, "layer outputs", ["layer gelu_1", "tanh form on one side"]),
    ("tf", "leaky_relu_slope"): (BENT, SGD, "layer outputs", ["layer leaky_relu_1", "another slope"]),
}
LEARNS = {"target_broadcast": "regression", "huber_delta": "regression"}
MORE = {
    "label_smoothing": {"loss_options": {"label_smoothing": 0.1}},
    "focal_alpha": {"loss": "focal", "loss_options": {"focal_alpha": 0.25}},
    "class_weight_mean": {"class_weights": [1.0, 5.0, 0.5]},
    "huber_delta": {"loss": "huber", "loss_options": {"huber_delta": 0.5}},
}
"""What a run must have for a plant to show."""


def test_every_plant_is_tried():
    here = {(backend, name) for backend in rooms.names() for name in rooms.plants(backend)}
    assert here == PLANTED.keys() | OF_OPTIMIZERS.keys()


@pytest.mark.parametrize(("backend", "plant"), PLANTED, ids=[plant for _, plant in PLANTED])
def test_a_planted_mistake_is_caught_and_named(gate, backend, plant):
    layers, optimizer, quantity, words = PLANTED[backend, plant]
    checks = gate(layers, optimizer, LEARNS.get(plant, "classification"), MORE.get(plant), **{backend: [plant]})
    first = next(check for check in checks.values() if not check.passed)
    assert first.quantity == quantity
    assert first.error is not None
    assert first.error > 10 * first.tolerance
    assert all(word in first.detail for word in words), first.detail


@pytest.mark.parametrize(
    ("backend", "plant", "learns"),
    [
        ("tf", "from_logits", "classification"),
        ("tf", "from_logits", "binary"),
    ],
)
def test_a_wrong_loss_names_its_side(gate, backend, plant, learns):
    checks = gate(DENSE, SGD_SLOW, learns, **{backend: [plant]})
    alone = checks[f"{backend} alone: loss of its own outputs"]
    assert alone.error > 1e-4
    assert "likely cause: another reduction, logits taken for probabilities" in alone.detail
    assert not checks["loss"].passed
    assert checks["layer outputs"].passed


NAMED = {
    ("tf", "label_smoothing"): "label smoothing spread over the other classes alone",
    ("tf", "focal_alpha"): "focal_alpha left out",
    ("torch", "class_weight_mean"): "divided by the sum of the weights",
    ("torch", "double_softmax"): "a softmax taken twice",
    ("torch", "huber_delta"): "as SmoothL1Loss has it",
    ("torch", "target_broadcast"): "every output held against every target",
}


@pytest.mark.parametrize(("backend", "plant"), NAMED, ids=[plant for _, plant in NAMED])
def test_a_wrong_loss_is_named_by_its_mistake(gate, backend, plant):
    learns = LEARNS.get(plant, "classification")
    checks = gate(DENSE, PLANTED[backend, plant][1], learns, MORE.get(plant), **{backend: [plant]})
    assert checks[f"{backend} alone: loss of its own outputs"].detail.startswith("cause: ")
    assert NAMED[backend, plant] in checks[f"{backend} alone: loss of its own outputs"].detail


@pytest.mark.parametrize(
    ("learns", "more"),
    [
        ("classification", {"loss": "focal", "loss_options": {"focal_alpha": 0.25}}),
        ("classification", {"loss": "categorical_crossentropy", "loss_options": {"label_smoothing": 0.1}}),
        ("binary", {"loss": "focal", "loss_options": {"focal_gamma": 1.5, "focal_alpha": 0.25}}),
        ("regression", {"loss": "huber", "loss_options": {"huber_delta": 0.5}}),
        ("regression", {"loss": "mean_absolute_error"}),
    ],
)
@pytest.mark.parametrize("weighted", [True, False])
def test_losses_and_weights_are_certified(gate, learns, more, weighted):
    if weighted:
        more = more | {"sample_weights": np.linspace(0, 2, 60)}
        more |= {"class_weights": [1.0, 5.0, 0.5][: 2 if learns == "binary" else 3]} if learns != "regression" else {}
    checks = gate(DENSE, SGD_SLOW, learns, more)
    assert list(checks) == QUANTITIES
    assert all(check.passed for check in checks.values()), checks
    assert max(checks[name].error for name in QUANTITIES[:-1]) < 1e-10


def test_the_gate_steps_one_by_one_whatever_an_execution_holds(side_by_side, job):
    """Keras runs several steps per execution where it is told to; the gate looks after each."""
    prints = []
    for together in (1, 3):
        made = job(layers=DENSE, count=30, task="parity", settings={"steps_per_execution": together})
        prints.append(read(side_by_side.ask("tf", "task", made), "tf"))
    assert all((prints[0].arrays[name] == array).all() for name, array in prints[1].arrays.items())


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "setting"), [("tf", "jit_compile"), ("torch", "compile")])
def test_compiled_modes_are_certified_and_run(side_by_side, job, backend, setting):
    other = next(name for name in rooms.names() if name != backend)
    made = job(layers=NET, count=30, task="parity")
    compiled = job(layers=NET, count=30, task="parity", settings={setting: True})
    baseline = read(side_by_side.ask(other, "task", made), other)
    try:
        found = read(side_by_side.ask(backend, "task", compiled), backend)
    except AssertionError as error:
        if "No working C++ compiler" in str(error) or "InvalidCxxCompiler" in str(error):
            pytest.skip("torch.compile needs a C++ compiler")
        raise
    assert "XLA" in found.mode or "torch.compile" in found.mode
    for check in certificate.certify(found, baseline, "float32"):
        assert check.passed, check
    ran = side_by_side.ask(backend, "task", job(layers=NET, count=30, settings={setting: True}))
    assert ran.values["status"] == "ok"
    assert ran.values["retraces"] == 0


def test_a_contender_s_own_noise_is_rounding_and_grows_where_a_network_lifts_it(side_by_side, job):
    """A dozen layers normalised by batches of few lift a rounding fiftyfold in five steps, a shallow one none."""
    deep = [*([{"dense": 8}, "batch_norm", "tanh"] * 12), {"dense": "outputs"}]
    for layers, optimizer, low, high in ((DENSE, ADAM, 0.0, 1e-11), (["flatten", *deep], SGD, 1e-13, np.inf)):
        made = job(layers=layers, optimizer=optimizer, count=30, task="parity")
        for backend in rooms.names():
            arrays = read(side_by_side.ask(backend, "task", made), backend).arrays
            assert arrays["noise/weights"].shape == (5,)
            assert low <= arrays["noise/weights"].max() <= high
            assert 0 < arrays["noise/update"][0] < 1e-6
