"""Random specs of the whole language, held side by side; the long run: ``python -m tests.frameworks.random_specs``."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from bench import hyperparameters as requests
from frameworks import rooms
from frameworks.spec.parse import LAYERS
from tests.frameworks.random_specs import cases as drawing
from tests.frameworks.random_specs import chains, holding, values
from tests.frameworks.random_specs.__main__ import MOST_REFUSED, cases, hold_all
from tests.frameworks.random_specs.cases import Case, NotCovered, generator
from tests.frameworks.random_specs.coverage import Coverage, walk
from tests.frameworks.random_specs.holding import Held, Pair, weights
from tests.frameworks.random_specs.shrinking import shrink

FEW, MANY, DRAWN = 25, 300, 1000
"""Specs of every test run, of ``pytest -m slow``, and those that are only drawn."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    found = Pair(tmp_path_factory.mktemp("random_specs"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def drawn():
    coverage = Coverage()
    return list(cases(DRAWN, 0, coverage)), coverage


def test_a_few_specs_hold(pair):
    coverage = Coverage()
    for case in cases(FEW, 1, coverage):
        if not case.refused():
            held = pair.hold(case)
            assert held.good, f"{case.yaml()}\n{held.told()}"
    assert coverage.missing(pairs=False) == [], coverage.table()


@pytest.mark.slow
def test_many_specs_hold(tmp_path):
    given = [case for case in cases(MANY, 2, Coverage()) if not case.refused()]
    assert hold_all(given, 2, tmp_path, 30) == []


def test_the_draws_leave_nothing_out_and_few_are_refused(drawn):
    _, coverage = drawn
    assert coverage.missing(pairs=False) == [], coverage.table()
    assert len(coverage.missing(pairs=True)) < 30, "of a thousand pairs; the long run sees all"
    assert 0 < coverage.refused <= MOST_REFUSED * coverage.cases
    table = coverage.table()
    assert all(kind in table for kind in chains.KINDS)


def test_the_same_seed_draws_the_same(drawn):
    again = list(cases(20, 0, Coverage()))
    assert [case.yaml() for case in again] == [case.yaml() for case in drawn[0][:20]]
    assert [case.yaml() for case in cases(20, 3, Coverage())] != [case.yaml() for case in again]


def test_every_case_is_one_that_a_run_would_take(drawn):
    for case in drawn[0]:
        told = requests.optimizer(case.optimizer)
        requests.schedule(case.schedule, told, *drawing.LENGTH)
        json.dumps(case.layers)
        assert Case.read(case.yaml()) == case
        if not case.refused():
            network = case.network()
            assert network.num_parameters > 0
            assert not any(chains.is_void(node.layer.kind, node.input_shape) for node in network.nodes[:-1])
            assert not any(rooms.unfit(backend, own, network) for backend, own in case.settings.items())
        else:
            assert case.refused().startswith("model.layers")


def test_no_weight_hides_behind_a_zero(drawn):
    case = next(case for case in drawn[0] if not case.refused() and "batch_norm" in dict(kinds(case)))
    found = weights(case)
    assert found.keys() == case.network().parameters.keys()
    assert all(np.abs(value).max() > 0 for value in found.values())
    assert all(value.min() > 0 for name, value in found.items() if name.endswith("variance"))


def kinds(case: Case) -> list[tuple[str, bool]]:
    return [(kind, True) for kind, _, _ in walk(case.layers)]


def test_a_new_parameter_of_a_layer_must_be_taught():
    with pytest.raises(NotCovered, match="a layer's parameter temperature"):
        values.of("temperature", float, generator(0), 3)
    with pytest.raises(NotCovered, match="a layer's parameter order"):
        values.of("order", list[str], generator(0), 3)


def test_a_new_hyperparameter_or_setting_must_be_taught(monkeypatch):
    monkeypatch.delitem(drawing.HYPERPARAMETERS, "learning_rate")
    with pytest.raises(NotCovered, match="sgd's hyperparameter learning_rate"):
        drawing.optimizer(generator(0), "sgd")
    monkeypatch.setattr(drawing, "NOT_MATHEMATICS", ())
    with pytest.raises(NotCovered, match="tf's setting backend"):
        drawing.settings(generator(0))


def test_what_was_seen_rarely_is_drawn_more_often():
    picker = chains.Chains(generator(0), Counter({"layer a": 9, "layer b": 0}))
    picks = Counter(picker.pick("layer", ["a", "b"]) for _ in range(200))
    assert picks["b"] > 190


def test_a_layer_left_out_is_told():
    coverage = Coverage()
    for case in cases(60, 0, Coverage()):
        if "gelu" not in dict(kinds(case)):
            coverage.add(case)
    assert coverage.missing(pairs=False) == ["layer gelu"]
    assert {each for each in coverage.missing(pairs=True) if each.startswith("gelu ×")}


SPEC = [
    {"conv2d": {"filters": 2, "padding": "same"}},
    "batch_norm",
    {"gelu": {"approximate": True}},
    "flatten",
    {"dense": "outputs"},
]
BASE = Case(
    layers=SPEC,
    shape=[5, 4, 2],
    task="classification",
    outputs=3,
    loss="sparse_categorical_crossentropy",
    optimizer={"name": "adam", "learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-6},
    settings={"torch": {"channels_last": True}},
)


def test_a_failing_spec_is_made_small():
    """As small as a spec with gelu in it can be."""
    small = shrink(BASE, lambda case: any(kind == "gelu" for kind, _, _ in walk(case.layers)))
    assert small.layers == ["gelu", "flatten", {"dense": "outputs"}]
    assert (small.steps, small.settings, small.shape) == (1, {}, [1, 1, 1])
    assert small.optimizer == {"name": "sgd", "learning_rate": 0.01}
    assert not small.refused()


def test_shrinking_ends_where_nothing_can_be_left_out():
    tried = []
    assert shrink(BASE, lambda case: bool(tried.append(case))) == BASE
    assert all(not case.refused() for case in tried)
    assert shrink(BASE, lambda case: True, most=3).layers != BASE.layers


def test_a_side_that_breaks_is_told(pair, monkeypatch):
    held = pair.hold(BASE)
    assert held.good, held.told()
    assert 0 < held.worst() < 1
    with monkeypatch.context() as patch:
        patch.setattr(holding, "weights", lambda case: {"nobody/kernel": np.ones(1, np.float32)})
        found = pair.hold(BASE)
    assert not found.good
    assert "KeyError" in found.told()
    assert pair.hold(BASE).good, "new workers go on"


def test_what_is_held_can_fail(pair):
    """A plant of a room shows here too."""
    assert pair.hold(BASE).good
    asked = holding.job(BASE)
    asked.plants = ["batch_norm_epsilon"]
    prints = [holding.fingerprint(name, answer) for name, answer in pair.rooms.both("judge", asked).items()]
    failed = Held(holding.certificate.certify(prints[1], prints[0], "float32"))
    assert not failed.good
    assert "another epsilon in batch normalisation" in failed.told()


def test_layers_are_drawn_from_the_vocabulary():
    assert set(LAYERS) <= set(chains.KINDS)
