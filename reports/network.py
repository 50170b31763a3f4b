"""The drawing of a run's network, made anew from the rows of its results."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from bench.results import drawing
from bench.results.schema import Model
from reports.figure import Chart

TALL = 16
"""Layers from which on a drawing is folded away."""


@dataclass(kw_only=True, slots=True)
class NetworkView:
    """The drawing of a network, or why there is none."""

    chart: Chart | None = None
    folded: bool = False
    gap: str = ""
    same_as: str = ""
    """The anchor of the run on this page that shows the same drawing."""


def view(model: Model, prefix: str, shown: dict[bytes, str]) -> NetworkView:
    """Return the drawing of `model`; `shown` says which ones the page has already, and where."""
    if not model.input_shape:
        return NetworkView(gap="No drawing: these results do not say how the layers are joined.")
    try:
        inline = drawing.svg(model, alone=False)
    except ValueError as error:
        return NetworkView(gap=f"No drawing: {error} are more than anybody would look at.")
    key = b"network" + inline.encode("utf-8", "replace")
    if key in shown:
        return NetworkView(same_as=shown[key])
    shown[key] = prefix
    chart = Chart(
        key="network",
        title="The network",
        note="",
        # Our own text: names in it are escaped where it is made.
        markup=Markup(inline),
        svg=drawing.svg(model),
        png=None,
    )
    return NetworkView(chart=chart, folded=len(model.layers) > TALL)
