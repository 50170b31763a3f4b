"""What two runs recorded differently of machine, code and measuring is named, and nothing that changes no number."""

from __future__ import annotations

import pytest

from bench.results import recorded
from bench.results.schema import Results

COMMIT = "4d9d03d2aa" + "0" * 30
MACHINE = {
    "cpu": "one",
    "architecture": "x86_64",
    "cores": 2,
    "cpu_limit": None,
    "gpus": [],
    "kernel": "6.1",
    "governor": None,
    "load_average": [0.1],
    "revision": {"parallax": COMMIT, "working_directory": "b" * 40},
    "environment": {"OMP_NUM_THREADS": "2", "TF_X": "1"},
}
MEASURE = {"name": "quick", "repeats": 2, "half_width": None, "pilot": 3, "most_repeats": 30, "timeout": None}
CONFIG = {
    "pipeline": {"name": "memory", "workers": None},
    "measure": MEASURE | {"seconds": 0.4, "warmup_steps": 5},
}


def told(machine=None, **config):
    """Return all that is told of a run in which these facts and settings are others."""
    changed = {part: CONFIG[part] | config.get(part, {}) for part in CONFIG}
    ours, theirs = Results(machine=MACHINE | (machine or {}), config=changed), Results(machine=MACHINE, config=CONFIG)
    return [
        said for tell in (recorded.machine, recorded.settings, recorded.surroundings) for said in tell(ours, theirs)
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"machine": {"architecture": "arm64", "cpu_limit": 1.5}}, ["another machine (architecture, cpu_limit)"]),
        ({"machine": {"cpu": "two", "cores": 4, "gpus": [1]}}, ["another machine (cpu, cores, gpus)"]),
        (
            {"machine": {"kernel": "6.2", "governor": "powersave"}},
            ["kernel 6.2 against 6.1", "governor powersave against –"],
        ),
        (
            {"machine": {"revision": {"parallax": f"{COMMIT} (changed)"}}},
            ["revision 4d9d03d2aa (changed) against 4d9d03d2aa"],
        ),
        ({"machine": {"revision": None}}, ["revision – against 4d9d03d2aa"]),
        ({"machine": {"revision": {"parallax": COMMIT}, "load_average": [9]}}, []),
        ({"machine": {"environment": {"TF_X": "2", "MKL_Y": "1"}}}, ["environment (MKL_Y, OMP_NUM_THREADS, TF_X)"]),
        ({"pipeline": {"workers": 4, "name": "device"}}, ["pipeline workers 4 against –"]),
        ({"measure": {"seconds": 2.0, "warmup_steps": 20}}, ["measured otherwise (seconds, warmup steps)"]),
        ({"measure": dict.fromkeys(MEASURE, 7)}, []),
        ({"measure": {"a_later_setting": 1}}, []),
    ],
)
def test_what_differs_is_named(changes, said):
    assert told(**changes) == said


def test_what_is_no_mapping_costs_nothing():
    odd = Results(machine={"revision": "x", "environment": [1]}, config={"measure": 3, "pipeline": None})
    none = Results()
    for one, other in ((odd, none), (none, odd)):
        assert recorded.settings(one, other) == recorded.surroundings(one, other) == []
