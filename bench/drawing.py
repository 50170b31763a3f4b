"""A network as a drawing: SVG text, made by hand, one box for each layer, branches side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from frameworks.spec import Chain, Network, Node
from frameworks.spec.layer import Layer
from frameworks.spec.layers import Convolution, Dense

WIDE, HIGH = 188.0, 38.0
"""Of a box, in pixels."""
DOWN, ACROSS = 22.0, 20.0
"""Between boxes."""

STYLE = """
  .paper { fill: #ffffff } .ink { fill: #1f2328 } .faint { fill: #57606a } .way { stroke: #57606a; fill: none }
  rect.box { stroke: #57606a } .learns { fill: #cfe6f5 } .plain { fill: #f3f4f6 } .join { fill: #f7e3c8 }
  .frozen { stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #16191d } .ink { fill: #e6e8eb } .faint { fill: #a9b1ba } .way { stroke: #a9b1ba }
    rect.box { stroke: #a9b1ba } .learns { fill: #1d4460 } .plain { fill: #262b31 } .join { fill: #5a431f }
  }
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a part of the drawing, in pixels."""

    wide: float
    high: float


def svg(network: Network) -> str:
    """Return the drawing of `network`, as the text of an SVG file that needs nothing else."""
    size = _chain_size(network.chain)
    wide, high = size.wide + 2 * ACROSS, size.high + 2 * (HIGH + DOWN) + 2 * ACROSS
    middle = wide / 2
    title = f"{network.name}: {network.num_parameters:,} trainable parameters"
    parts = [*_box(middle, ACROSS, "input", _shape(network.input_shape), "plain")]
    end, drawn = _chain(network.chain, middle, ACROSS + HIGH)
    parts += [*drawn, *_way(middle, end, middle, end + DOWN)]
    last = "probabilities" if network.probabilities else "output"
    parts += _box(middle, end + DOWN, last, str(network.outputs), "plain")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" role="img" font-family="sans-serif" text-anchor="middle">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n"
        f'<rect class="paper" width="100%" height="100%"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _chain_size(chain: Chain) -> Size:
    sizes = [_node_size(node) for node in chain]
    return Size(max((size.wide for size in sizes), default=ACROSS), sum(DOWN + size.high for size in sizes))


def _node_size(node: Node) -> Size:
    if not node.branches:
        return Size(WIDE, HIGH)
    inner = [_chain_size(branch) for branch in node.branches]
    wide = sum(size.wide for size in inner) + ACROSS * (len(inner) - 1)
    return Size(max(WIDE, wide), max(size.high for size in inner) + DOWN + HIGH)


def _chain(chain: Chain, middle: float, top: float) -> tuple[float, list[str]]:
    """Return where a chain ends that begins at `top`, and its parts; each layer has its way from what is above."""
    parts: list[str] = []
    for node in chain:
        below = top + DOWN + _node_size(node).high
        if node.branches:
            parts += _join(node, middle, top, below - HIGH)
        else:
            parts += _way(middle, top, middle, top + DOWN)
        parts += _box(middle, below - HIGH, node.name, f"{node.layer.kind}  {_shape(node.output_shape)}", _class(node))
        top = below
    return top, parts


def _join(node: Node, middle: float, top: float, bottom: float) -> Iterator[str]:
    """Yield the branches between what is above, at `top`, and the join's box, which begins at `bottom`."""
    sizes = [_chain_size(branch) for branch in node.branches]
    left = middle - (sum(size.wide for size in sizes) + ACROSS * (len(sizes) - 1)) / 2
    for branch, size in zip(node.branches, sizes, strict=True):
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
    yield f'<text class="faint" x="{middle:.1f}" y="{top + 31:.1f}" font-size="11">{escape(what)}</text>'


def _class(node: Node) -> str:
    frozen = " frozen" if not node.trainable and node.parameters else ""
    return ("join" if node.branches else "learns" if _learns(node.layer) else "plain") + frozen


def _learns(layer: Layer) -> bool:
    return isinstance(layer, Convolution | Dense)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
