from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from bench import config
from frameworks.reference import OPTIMIZERS, SCHEDULES


def composed(*overrides: str) -> DictConfig:
    config.register()
    with initialize_config_dir(config_dir=str(config.FOLDER), version_base="1.3"):
        return compose("config", overrides=list(overrides))


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (config.FOLDER / group).glob("*.yaml"))


def test_the_defaults_race_both_frameworks_on_digits() -> None:
    settings = composed()
    assert list(settings.frameworks) == ["tf", "torch"]
    assert (settings.dataset.name, settings.model.name, settings.measure.repeats) == ("digits", "mlp", 5)
    assert not OmegaConf.missing_keys(settings)


@pytest.mark.parametrize("group", ["dataset", "model", "framework", "optimizer", "schedule", "measure", "experiment"])
def test_every_option_composes_completely(group: str) -> None:
    assert options(group)
    for option in options(group):
        settings = composed(f"{group}={option}")
        assert not OmegaConf.missing_keys(settings), option
        OmegaConf.resolve(settings)
        if group not in ("framework", "experiment"):
            assert settings[group].name == option


def test_the_order_of_contenders_is_the_order_they_were_named_in() -> None:
    assert list(composed("framework=[torch,tf_xla,tf]").frameworks) == ["torch", "tf_xla", "tf"]


@pytest.mark.parametrize(("group", "kinds"), [("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)])
def test_a_file_spells_out_every_hyperparameter_of_the_reference(group: str, kinds: dict[str, Any]) -> None:
    assert options(group) == sorted(kinds)
    for option, kind in kinds.items():
        found: Any = OmegaConf.to_container(OmegaConf.load(config.FOLDER / group / f"{option}.yaml"))
        fields = {item.name: item for item in dataclasses.fields(kind) if item.init}
        assert found.keys() == {"name", *fields}
        for key, item in fields.items():
            if item.default is not dataclasses.MISSING:
                assert found[key] == item.default or (group, key) == ("schedule", "every"), (option, key)


def test_a_framework_file_spells_out_every_setting_of_its_backend_at_its_default() -> None:
    from frameworks import rooms

    for option in options("framework"):
        text = OmegaConf.load(config.FOLDER / "framework" / f"{option}.yaml")
        defaults = OmegaConf.structured(rooms.settings(text.backend))
        del text["defaults"]
        assert set(text) == set(defaults), option
        if option == text.backend:
            assert OmegaConf.to_container(text) == OmegaConf.to_container(defaults)


def test_a_contender_inherits_from_runtime_unless_it_says_otherwise() -> None:
    frameworks = composed("runtime.threads=2", "frameworks.torch.threads=1").frameworks
    assert (frameworks.tf.threads, frameworks.torch.threads) == (2, 1)


def test_a_second_contender_on_a_backend_needs_no_file() -> None:
    mine = composed("+framework@frameworks.mine=torch", "frameworks.mine.compile=true").frameworks.mine
    assert (mine.backend, mine.compile) == ("torch", True)


def test_mnist_mlp_pins_what_it_says() -> None:
    settings = composed("experiment=mnist_mlp")
    assert (settings.dataset.name, settings.dataset.val_split) == ("mnist", 0.25)
    assert list(settings.dataset.scaling) == [-1, 1]
    pinned = {"name": "sgd", "learning_rate": 0.001, "momentum": 0.0, "nesterov": False}
    assert pinned.items() <= dict(settings.optimizer).items()
    assert (settings.train.epochs, settings.train.batch_size) == (20, 64)
    assert composed("experiment=mnist_mlp", "train.epochs=2").train.epochs == 2


def test_on_mnist_the_mlp_has_the_parameters_its_comment_claims() -> None:
    width, parameters = 28 * 28, 0
    for layer in composed("model=mlp").model.layers:
        if isinstance(layer, DictConfig):
            units = 10 if layer.dense == "outputs" else layer.dense
            parameters, width = parameters + (width + 1) * units, units
    claimed = re.search(r"([\d,]+) parameters", (config.FOLDER / "model" / "mlp.yaml").read_text())
    assert claimed is not None
    assert int(claimed[1].replace(",", "")) == parameters == 300_938


def test_every_limit_is_of_a_key_that_exists_and_that_the_defaults_keep() -> None:
    settings = composed()
    seen = list(config.limits())
    assert {"train.epochs", "runtime.device", "parity.on_fail", "measure.repeats"} <= {key for key, *_ in seen}
    for key, choices, least in seen:
        value: Any = OmegaConf.select(settings, key, throw_on_missing=True)
        assert not choices or value in choices
        assert least is None or value is None or value >= least


def test_every_key_of_the_root_config_is_commented() -> None:
    lines = (Path(config.FOLDER) / "config.yaml").read_text().partition("\nhydra:")[0].splitlines()
    plain = {"train:", "parity:", "  - schema", "  - _self_", "defaults:"}
    plain |= {"  precision: float32"}
    bare = [line for line in lines if line and "#" not in line and line not in plain and "override" not in line]
    assert not bare
