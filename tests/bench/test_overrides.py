from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from bench.errors import RequestError
from bench.overrides import overrides, quoted


def read(words):
    """Return what Hydra reads, by key, with OmegaConf's references resolved."""
    found = {}
    for item in OverridesParser.create().parse_overrides(words):
        value = OmegaConf.create({"value": item.value()})
        found[item.key_or_group] = OmegaConf.to_container(value, resolve=True)["value"]
    return found


def test_what_nests_and_what_has_dots_is_one_key():
    said = overrides({"dataset": "digits", "train": {"epochs": 2, "target": None}, "optimizer.learning_rate": 0.05})
    assert said == ["dataset=digits", "train.epochs=2", "train.target=null", "optimizer.learning_rate=0.05"]


def test_a_text_stands_as_on_the_command_line():
    assert (
        overrides({"framework": "[tf,torch]"}) == overrides({"framework": ["tf", "torch"]}) == ["framework=[tf,torch]"]
    )


@pytest.mark.parametrize(
    "value",
    [
        1,
        -0.5,
        1e-12,
        True,
        None,
        [1, 2.5, None],
        ["a", "true", "1", "null", "x y", "", "it's"],
        [{"dense": 64}, "relu"],
    ],
)
def test_hydra_reads_what_was_said(value):
    assert read(overrides({"key": value})) == {"key": value}


def test_numbers_of_numpy_and_paths():
    said = overrides({"a": np.float32(0.5), "b": np.arange(3), "dataset": {"root": Path("/my data (1)/o'clock")}})
    assert read(said) == {"a": 0.5, "b": [0, 1, 2], "dataset.root": "/my data (1)/o'clock"}


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1))
def test_a_quoted_text_is_itself(text):
    assert read([f"key={quoted(text)}"]) == {"key": text}


def test_what_no_command_line_can_say_is_refused_with_its_key():
    with pytest.raises(RequestError, match=r"train\.epochs: .* is of type object"):
        overrides({"train": {"epochs": object()}})
