from __future__ import annotations

import dataclasses
from dataclasses import asdict

import numpy as np
import pytest

from bench import record, samples
from bench.results import store
from bench.results.schema import Dataset


@pytest.fixture
def plan(plan_of):
    return plan_of("framework=torch")


def test_the_data_are_recorded(plan):
    found = record.begin(plan, "data/samples.npy").dataset
    assert (found.name, found.task, found.samples) == ("digits", "classification", "data/samples.npy")
    assert found.classes == [str(digit) for digit in range(10)]
    assert sum(found.counts["train"]) == len(plan.splits.train)
    train = found.counts["train"]
    assert found.class_weights == pytest.approx([sum(train) / (10 * count) for count in train])


def test_facts_of_preparing_and_splitting_are_merged(plan):
    prepared = dataclasses.replace(plan.prepared, facts={"left out": "2 files", "patients": "unknown"})
    splits = dataclasses.replace(plan.splits, facts={"patients": "12, each on one side"})
    facts = record.begin(dataclasses.replace(plan, prepared=prepared, splits=splits)).dataset.facts
    assert facts == {"left out": "2 files", "patients": "12, each on one side"}


def test_the_pipeline_is_a_condition(plan_of):
    conditions = record.begin(plan_of("framework=torch")).conditions
    assert conditions["pipeline"] == "memory"
    assert "augmentation" not in conditions
    said = plan_of("framework=torch", "pipeline.augment.flip=horizontal", "pipeline.augment.rotation=5")
    assert record.begin(said).conditions["augmentation"] == {"flip": "horizontal", "rotation": 5}


def test_the_record_survives_its_file(plan, tmp_path):
    name = samples.write(plan.prepared, plan.splits, tmp_path, seed=0)
    results = record.begin(plan, name)
    store.write(tmp_path, results)
    assert asdict(store.read(tmp_path).dataset) == asdict(results.dataset)
    images = np.load(tmp_path / results.dataset.samples, allow_pickle=False)
    assert images.shape == (10, 8, 8, 8, 1)
    assert images.max() == 255, "sixteen grey values are spread over all"


@pytest.mark.parametrize(
    ("synthetic", "note", "remark", "mark"),
    [
        (False, "", "", ""),
        (False, "checksums differ", "checksums differ", "checksums differ"),
        (True, "", "synthetic", "synthetic"),
        (True, "made up: by us", "synthetic: made up: by us", "synthetic"),
        (True, "synthetic stand-in: not MNIST", "synthetic stand-in: not MNIST", "synthetic stand-in"),
    ],
)
def test_what_must_stand_beside_every_accuracy(synthetic, note, remark, mark):
    data = Dataset(name="d", title="D", source="", synthetic=synthetic, input_shape=[2], classes=[], note=note)
    assert (data.remark, data.mark) == (remark, mark)


def test_the_work_of_a_step_is_recorded(plan):
    model = record.begin(plan).model
    assert model.step_flops == plan.network.step_flops == sum(layer.step_flops for layer in model.layers)
    assert 2 * model.flops < model.step_flops < 3 * model.flops, "an mlp, whose first layer asks for no gradient"


def test_the_rows_of_the_model_say_how_layers_are_joined(plan_of):
    model = record.begin(plan_of("framework=torch", "model=residual_mlp")).model
    assert (model.input_shape, model.outputs, model.probabilities) == ([8, 8, 1], 10, False)
    joins = {layer.name: layer.branches for layer in model.layers if layer.branches}
    assert joins
    inner = [layer for layer in model.layers if layer.inside]
    assert {layer.inside for layer in inner} <= set(joins)
    assert all(0 <= layer.branch < joins[layer.inside] for layer in inner)
    order = [layer.name for layer in model.layers]
    assert all(order.index(layer.name) < order.index(layer.inside) for layer in inner)
