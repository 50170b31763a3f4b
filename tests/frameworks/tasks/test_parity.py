"""The gate from end to end: fingerprints by both rooms, the certificate over them, and mistakes planted in a room."""

from __future__ import annotations

import pytest

from bench.results import certificate, fingerprint
from frameworks import rooms

ADAM = {"name": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
NET = [
    {"conv2d": {"filters": 4, "strides": 2, "padding": "same"}}, "batch_norm", "relu", "flatten", {"dropout": 0.5},
    {"dense": 6}, "tanh", {"dense": "outputs"},
]  # fmt: skip
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

    def run(layers, optimizer, **plants):
        prints = {}
        for backend in rooms.names():
            planted = plants.get(backend, [])
            key = str([backend, layers, optimizer, planted])
            if key not in known:
                made = job(layers=layers, optimizer=optimizer, count=30, task="parity", plants=planted)
                known[key] = read(side_by_side.ask(backend, "task", made), backend)
            prints[backend] = known[key]
        return {check.quantity: check for check in certificate.certify(prints["torch"], prints["tf"], "float32")}

    return run


@pytest.mark.parametrize(
    ("layers", "optimizer"), [(NET, SGD), (NET, ADAM), (DENSE, ADAM)], ids=["sgd", "adam", "dense"]
)
def test_honest_rooms_are_certified(gate, layers, optimizer):
    checks = gate(layers, optimizer)
    assert list(checks) == QUANTITIES
    for check in checks.values():
        assert check.passed, check
        assert check.precision == ("float32" if check.quantity.startswith("smoke") else "float64")
    assert max(checks[name].error for name in QUANTITIES[:-1]) < 1e-10


def test_float32_constants_are_allowed_for(gate):
    checks = gate(["flatten", {"dense": 6}, "gelu", {"dense": 6}, "leaky_relu", {"dense": "outputs"}], SGD)
    assert all(check.passed for check in checks.values())
    assert checks["layer outputs"].tolerance == 1e-7


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
}


def test_every_plant_is_tried():
    assert {(backend, name) for backend in rooms.names() for name in rooms.plants(backend)} == PLANTED.keys()


@pytest.mark.parametrize(("backend", "plant"), PLANTED, ids=[plant for _, plant in PLANTED])
def test_a_planted_mistake_is_caught_and_named(gate, backend, plant):
    layers, optimizer, quantity, words = PLANTED[backend, plant]
    checks = gate(layers, optimizer, **{backend: [plant]})
    first = next(check for check in checks.values() if not check.passed)
    assert first.quantity == quantity
    assert first.error is not None
    assert first.error > 10 * first.tolerance
    assert all(word in first.detail for word in words), first.detail


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
