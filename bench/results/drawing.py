"""A network as a drawing: SVG text, made by hand, one box for each layer, branches side by side.

It is made from the rows of the results, so that a report draws it anew and shows no picture that it found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bench.results.schema import Layer, Model

WIDE, HIGH = 188.0, 38.0
"""Of a box, in pixels."""
DOWN, ACROSS = 22.0, 20.0
"""Between boxes."""

MOST_LAYERS, DEEPEST = 600, 20
"""Larger networks, and deeper nests of joins, are not drawn."""

STYLE = """
  .paper { fill: #ffffff } .ink { fill: #1f2328 } .faint { fill: #57606a } .way { stroke: #57606a; fill: none }
  rect.box { stroke: #57606a } .learns { fill: #cfe6f5 } .plain { fill: #f3f4f6 } .join { fill: #f7e3c8 }
  .frozen { stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #16191d } .ink { fill: #e6e8eb } .faint { fill: #a9b1ba } .way { stroke: #a9b1ba }
    rect.box { stroke: #a9b1ba } .learns { fill: #1d4460 } .plain { fill: #262b31 } .join { fill: #5a431f }
  }
"""
"""Of a file of its own; a page says itself what its colours are."""


@dataclass(frozen=True, slots=True)
class Box:
    """A layer in its place, with the branches that it joins."""

    layer: Layer
    branches: tuple[tuple[Box, ...], ...] = ()


Chain = Sequence[Box]


@dataclass(frozen=True, slots=True)
class Size:
    """Of a part of the drawing, in pixels."""

    wide: float
    high: float


def svg(model: Model, *, alone: bool = True) -> str:
    """Return the drawing of `model` as SVG text: of a file that needs nothing else, or to stand in a page's text.

    There its colours are those the page gives to the classes in ``svg.network``. Raises `ValueError` where there are no
    layers, or so many that nobody would look at them.
    """
    trunk = _trunk(model.layers)
    size = _chain_size(trunk)
    wide, high = size.wide + 2 * ACROSS, size.high + 2 * (HIGH + DOWN) + 2 * ACROSS
    middle = wide / 2
    title = f"{model.name}: {model.parameters:,} trainable parameters"
    parts = [*_box(middle, ACROSS, "input", _shape(model.input_shape), "plain")]
    end, drawn = _chain(trunk, middle, ACROSS + HIGH)
    parts += [*drawn, *_way(middle, end, middle, end + DOWN)]
    last = "probabilities" if model.probabilities else "output"
    parts += _box(middle, end + DOWN, last, str(model.outputs or ""), "plain")
    own = f'<style>{STYLE}</style>\n<rect class="paper" width="100%" height="100%"/>\n' if alone else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="network" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" role="img" font-family="sans-serif" text-anchor="middle">\n'
        f"<title>{escape(title)}</title>\n{own}" + "\n".join(parts) + "\n</svg>\n"
    )


def _trunk(layers: Sequence[Layer]) -> Chain:
    """Return the boxes of the trunk, those of branches inside their joins."""
    branches = sum(abs(layer.branches) for layer in layers)
    if not layers or len(layers) + branches > MOST_LAYERS:
        raise ValueError(f"{len(layers):,} layers, {branches:,} branches")
    rows = defaultdict[tuple[str, int], list[Layer]](list)
    for layer in layers:
        rows[layer.inside, layer.branch if layer.inside else 0].append(layer)

    def chain(inside: str, branch: int, depth: int) -> tuple[Box, ...]:
        if depth > DEEPEST:
            raise ValueError(f"joins within joins, more than {DEEPEST} deep")
        # Taken out, so that rows that claim to stand inside each other come to an end.
        return tuple(
            Box(item, tuple(chain(item.name, number, depth + 1) for number in range(item.branches)))
            for item in rows.pop((inside, branch), [])
        )

    return chain("", 0, 0)


def _chain_size(chain: Chain) -> Size:
    sizes = [_box_size(box) for box in chain]
    return Size(max((size.wide for size in sizes), default=ACROSS), sum(DOWN + size.high for size in sizes))


def _box_size(box: Box) -> Size:
    if not box.branches:
        return Size(WIDE, HIGH)
    inner = [_chain_size(branch) for branch in box.branches]
    wide = sum(size.wide for size in inner) + ACROSS * (len(inner) - 1)
    return Size(max(WIDE, wide), max(size.high for size in inner) + DOWN + HIGH)


def _chain(chain: Chain, middle: float, top: float) -> tuple[float, list[str]]:
    """Return where a chain ends that begins at `top`, and its parts; each layer has its way from what is above."""
    parts: list[str] = []
    for box in chain:
        below = top + DOWN + _box_size(box).high
        layer = box.layer
        if box.branches:
            parts += _join(box, middle, top, below - HIGH)
        else:
            parts += _way(middle, top, middle, top + DOWN)
        parts += _box(middle, below - HIGH, layer.name, f"{layer.kind}  {_shape(layer.output_shape)}", _class(layer))
        top = below
    return top, parts


def _join(box: Box, middle: float, top: float, bottom: float) -> Iterator[str]:
    """Yield the branches between what is above, at `top`, and the join's box, which begins at `bottom`."""
    sizes = [_chain_size(branch) for branch in box.branches]
    left = middle - (sum(size.wide for size in sizes) + ACROSS * (len(sizes) - 1)) / 2
    for branch, size in zip(box.branches, sizes, strict=True):
        centre = left + size.wide / 2
        fork = top + DOWN / 2
        yield f'<path class="way" d="M{middle:.1f} {top:.1f}V{fork:.1f}H{centre:.1f}"/>'
        end, parts = _chain(branch, centre, fork)
        yield from parts
        yield from _way(centre, end, middle, bottom)
        left += size.wide + ACROSS


def _way(x: float, y: float, to_x: float, to_y: float) -> Iterator[str]:
    """Yield a line down, across where it must, and down."""
    across = f"V{to_y - DOWN / 2:.1f}H{to_x:.1f}" if x != to_x else ""
    path = f"M{x:.1f} {y:.1f}{across}V{to_y:.1f}"
    yield f'<path class="way" d="{path}"/>'


def _box(middle: float, top: float, name: str, what: str, kind: str) -> Iterator[str]:
    yield f'<rect class="box {kind}" x="{middle - WIDE / 2:.1f}" y="{top:.1f}" width="{WIDE}" height="{HIGH}" rx="5"/>'
    yield f'<text class="ink" x="{middle:.1f}" y="{top + 16:.1f}" font-size="13">{escape(_short(name))}</text>'
    yield f'<text class="faint" x="{middle:.1f}" y="{top + 31:.1f}" font-size="11">{escape(_short(what, 34))}</text>'


def _class(layer: Layer) -> str:
    kind = "join" if layer.branches else "learns" if layer.step_flops else "plain"
    return f"{kind} frozen" if layer.frozen else kind


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else f"{text[: most // 2 - 1]}…{text[-most // 2 :]}"


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
