"""The models that are shipped: their parameters, and the networks of torchvision and Keras that they say they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

import conf
from frameworks.spec import parse

FOLDER = Path(conf.__path__[0], "model")


def layers(name):
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))["layers"]


COUNTS = {
    # Trainable, as the libraries count theirs.
    "resnet18": ((224, 224, 3), 1000, 11_689_512),
    "resnet50": ((224, 224, 3), 1000, 25_557_032),
    "mobilenet_v2": ((224, 224, 3), 1000, 3_504_872),
    "efficientnet_v2_b0": ((224, 224, 3), 1000, 7_139_704),
    # By hand.
    "perceptron": ((10,), 1, 11),
    "linear": ((28, 28, 1), 10, 7_850),
    "mlp": ((28, 28, 1), 10, 300_938),
    "residual_mlp": ((10,), 1, 10 * 64 + 64 + 10 * 64 + 64 + 64 * 64 + 64 + (10 + 64 + 64) + 1),
    "resnet20": ((32, 32, 3), 10, 272_474),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_parameters(name):
    shape, outputs, count = COUNTS[name]
    task = "classification" if outputs > 1 else "regression"
    found = parse(layers(name), input_shape=shape, outputs=outputs, task=task)
    assert found.num_parameters == count
    assert not found.uneven_same(), "PyTorch's clock would pay for it"


def test_every_model_stands_on_a_dataset_of_its_kind():
    for path in FOLDER.glob("*.yaml"):
        spec = layers(path.stem)
        shapes = [(32, 32, 3), (30,)]
        stands = []
        for shape in shapes:
            try:
                stands.append(parse(spec, input_shape=shape, outputs=10).num_parameters)
            except ValueError:
                continue
        assert stands, path.stem


RESNETS = [("torch", name, 65) for name in ("resnet18", "resnet50")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "name", "size"),
    [
        *RESNETS,
        ("torch", "mobilenet_v2", 64),
        ("torch", "efficientnet_v2_b0", 64),
        ("tf", "efficientnet_v2_b0", 33),  # every map is odd: there Keras's paddings are symmetric too
    ],
)
def test_it_is_the_library_s_network(side_by_side, job, backend, name, size):
    made = job(layers=layers(name), shape=(size, size, 3), outputs=7, count=4)
    rng = np.random.default_rng(0)
    made.weights = {
        key: (value + 0.1 * rng.standard_normal(value.shape) * (not key.endswith("/kernel"))).astype(np.float32)
        if not key.endswith("variance")
        else rng.uniform(0.5, 1.5, value.shape).astype(np.float32)
        for key, value in made.initial().items()
    }
    answer = side_by_side.ask(backend, "library", made, name=name)
    assert answer.values["parameters"] == made.network().num_parameters
    own, library = answer.arrays["own"], answer.arrays["library"]
    assert np.ptp(own) > 1e-3
    np.testing.assert_allclose(own, library, rtol=0, atol=1e-9 * np.abs(library).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet20", "resnet18", "resnet50", "mobilenet_v2", "efficientnet_v2_b0"])
def test_the_rooms_have_one_network(side_by_side, job, name):
    spec = [item for item in layers(name) if "dropout" not in item]
    made = job(layers=spec, shape=(40, 40, 3), outputs=7, count=4)
    tf, torch = side_by_side.both("layers", made, precision="float64").values()
    error, where = torch.furthest(tf, made.network().idle_shifts())
    assert error <= 1e-9, where
