"""A network is drawn from the rows of results, which anybody may have written."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from bench.results import drawing
from bench.results.schema import Layer, Model

SVG = "{http://www.w3.org/2000/svg}"


def row(name, **more):
    return Layer(**({"name": name, "kind": "dense", "output_shape": [3], "parameters": 0, "flops": 0} | more))


def model(*layers):
    return Model(name="m", parameters=7, flops=1, input_shape=[2], outputs=3, layers=list(layers))


RESIDUAL = (
    row("first"),
    row("inner", inside="sum", branch=1),
    row("sum", kind="add", branches=2),
    row("last", step_flops=9, frozen=True),
)


def words(text):
    return [item.text for item in ET.fromstring(text).iter(f"{SVG}text")]


def boxes(text):
    return {item.get("class"): item for item in ET.fromstring(text).iter(f"{SVG}rect") if item.get("class") != "paper"}


def test_a_branch_stands_inside_its_join():
    text = drawing.svg(model(*RESIDUAL))
    names = [word for word in words(text) if word in ("first", "inner", "sum", "last")]
    assert names == ["first", "inner", "sum", "last"]
    found = boxes(text)
    assert {"box join", "box learns frozen"} <= set(found)
    joined = ET.fromstring(text)
    centre = {item.text: float(item.get("x")) for item in joined.iter(f"{SVG}text")}
    assert centre["first"] == centre["sum"] == centre["last"]
    assert centre["inner"] > centre["sum"], "the second branch, right of the empty one"


def test_in_a_page_it_brings_no_style_of_its_own():
    alone, inside = drawing.svg(model(*RESIDUAL)), drawing.svg(model(*RESIDUAL), alone=False)
    assert "<style>" in alone
    assert "<style>" not in inside
    assert "paper" not in inside
    assert ET.fromstring(inside).get("class") == "network"
    assert words(alone) == words(inside)


def test_names_are_text():
    evil = '<script>alert(1)</script>"'
    text = drawing.svg(model(row(evil, kind=evil)))
    assert "<script" not in text
    assert any("script" in word for word in words(text))
    assert all(len(word) <= 40 for word in words(text))


def test_rows_that_stand_inside_each_other_come_to_an_end():
    loop = (row("a", branches=1, inside="b"), row("b", branches=1, inside="a"), row("c"))
    assert [word for word in words(drawing.svg(model(*loop))) if word in "abc"] == ["c"]
    twins = (row("a", branches=1), row("a", branches=1, inside="a"), row("a", branches=1, inside="a"))
    assert words(drawing.svg(model(*twins))).count("a") == 3


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [row("a") for _ in range(drawing.MOST_LAYERS + 1)],
        [row("a", branches=10**12)],
        [row("a", branches=-(10**12))],
        [row("0", branches=1), *(row(f"{depth}", inside=f"{depth - 1}", branches=1) for depth in range(1, 100))],
    ],
)
def test_what_nobody_would_look_at_is_not_drawn(layers):
    with pytest.raises(ValueError, match=r"layers|deep"):
        drawing.svg(model(*layers))


def test_negative_branches_are_none():
    assert "a" in words(drawing.svg(model(row("a", branches=-1))))
