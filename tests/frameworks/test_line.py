from __future__ import annotations

import io
import json

import pytest

from frameworks.line import Line


def test_a_turn_is_asked_for_and_answered():
    telling, answers = io.StringIO(), io.StringIO('{"more": true}\n{"more": false}\n')
    line = Line(telling, answers)
    line.tell("phase", name="build")
    assert line.turn("compute", 0.5) is True
    assert line.turn("compute", 1.0) is False
    assert [json.loads(each) for each in telling.getvalue().splitlines()] == [
        {"event": "phase", "name": "build"},
        {"event": "turn", "of": "compute", "spent": 0.5},
        {"event": "turn", "of": "compute", "spent": 1.0},
    ]
    assert line.waited > 0


def test_a_child_whose_parent_is_gone_ends():
    with pytest.raises(EOFError, match="is gone"):
        Line(io.StringIO(), io.StringIO()).turn("compute")
