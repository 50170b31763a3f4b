from __future__ import annotations

from reports import palette


def test_colours_go_by_first_appearance():
    assert palette.assign([("tf", "torch"), ("torch", "tf_xla"), ("tf",)]) == {"tf": 0, "torch": 1, "tf_xla": 2}


def test_contenders_of_one_run_share_a_colour_only_where_there_are_more_than_colours():
    many = [f"c{place}" for place in range(len(palette.LIGHT))]
    found = palette.assign([many, ("c0", "new"), ("c0", "c1", "newer")])
    assert found["new"] != found["c0"]
    assert found["newer"] not in (found["c0"], found["c1"])
    assert sorted(found[name] for name in many) == list(range(len(palette.LIGHT)))
    crowd = palette.assign([[f"c{place}" for place in range(20)]])
    assert max(list(crowd.values()).count(colour) for colour in range(len(palette.LIGHT))) == 3
