"""The committed tables list what there is: nothing new is missing, nothing is left that is gone."""

from __future__ import annotations

import re

import pytest

from frameworks.reference import LOSSES, OPTIMIZERS, SCHEDULES
from tests.frameworks.random_specs.chains import KINDS
from tests.planted import ROWS
from tests.tables import HEAD, SECTIONS, TABLES

LISTED = {
    "Layers": set(KINDS),
    "Losses": set(LOSSES),
    "Optimizers": set(OPTIMIZERS),
    "Schedules": set(SCHEDULES),
    "Traps": set(ROWS),
}


def rows(title: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    section = TABLES.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_section_is_held():
    assert {title for title, *_ in SECTIONS} == LISTED.keys()
    text = TABLES.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == [title for title, *_ in SECTIONS]


@pytest.mark.parametrize("title", LISTED)
def test_the_table_lists_exactly_what_there_is(title):
    """Where it does not, write it anew: ``python -m tests.tables``."""
    names = [cells[0].strip("`") for cells in rows(title)]
    assert sorted(names) == sorted(LISTED[title])


@pytest.mark.parametrize("title", ["Layers", "Losses", "Optimizers", "Schedules"])
def test_what_float64_differs_by_is_rounding(title):
    head = next((columns for name, _, columns, _ in SECTIONS if name == title), ())
    exact = [place for place, name in enumerate(head) if name.startswith("float64")]
    exact += [place + 1 for place in exact if head[place + 1] == "gradients"]
    assert exact
    for cells in rows(title):
        assert all(float(cells[place]) <= 1e-12 for place in exact), cells


def test_every_trap_is_larger_than_what_is_allowed():
    for name, side, what, size, said, _ in rows("Traps"):
        assert what
        assert side in said
        assert size == "cannot be compared" or float(size) > 1e-8, name
