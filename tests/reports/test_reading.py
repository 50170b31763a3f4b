from __future__ import annotations

import json

import numpy as np

from reports.figure import Margins, canvas, finish
from reports.reading import MOST, Reading, Series


def told(series, log=False):
    with canvas(2.0, margins=Margins(left=0.5)) as (figure, axes):
        axes.plot(series.x, series.y)
        if log:
            axes.set_yscale("log")
        chart = finish(
            figure, key="k", title="t", note="n", prefix="p", png=False, reading=Reading(series=[series], across="step")
        )
    return str(chart.data)


def test_a_chart_tells_where_its_axes_are():
    value = json.loads(told(Series(name="tf", colour=3, x=np.array([1.0, 2.0]), y=np.array([10.0, 1000.0])), log=True))
    left, top, right, bottom = value["box"]
    assert (left, round(top, 1), round(bottom, 1)) == (36, 6.5, 113)
    assert 300 < right < 352.8
    assert (value["x"]["log"], value["y"]["log"]) == (False, True)
    assert value["x"]["limits"][0] < 1 < 2 < value["x"]["limits"][1]
    assert value["series"] == [{"name": "tf", "colour": 3, "x": [1, 2], "y": [10, 1000]}]
    assert value["long"] is False


def test_names_cannot_leave_the_script_element():
    text = told(Series(name="</script><!--&\u2028", colour=0, x=np.array([1.0]), y=np.array([1.0])))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["series"][0]["name"] == "</script><!--&\u2028"


def test_long_series_are_thinned_and_gaps_are_null():
    values = np.linspace(0, 1, 10 * MOST)
    values[0] = np.nan
    value = json.loads(told(Series(name="tf", colour=0, x=np.arange(values.size), y=values)))
    assert len(value["series"][0]["x"]) == len(value["series"][0]["y"]) == MOST
    assert value["series"][0]["y"][0] is None
    assert value["long"] is True
    assert len(told(Series(name="tf", colour=0, x=np.arange(values.size), y=values))) < 20 * MOST
