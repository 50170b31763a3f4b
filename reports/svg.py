"""What matplotlib writes, made fit to stand in a page: small, with ids of its own and the page's colours."""

from __future__ import annotations

import re
from html import escape

from reports.palette import FASTER, INK, LIGHT, SLOWER

_NOISE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
_STAR = re.compile(r"<defs>\s*<style[^>]*>\*\{[^}]*\}</style>\s*</defs>")
_FONT = re.compile(r"font-family:[^;\"]*;?|(font: [\d.]+px) [^;\"]*")
_PATH = re.compile(r' d="([^"]*)"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_STYLES = re.compile(r'style="([^"]*)"')
_LONG = re.compile(r"(\d\.\d)\d+")
_IDS = re.compile(r' id="([^"]*)"')
_UNSEEN = re.compile(r'<path [^>]*style="fill: none"/>|<g/>|<g>\s*</g>| transform="rotate\(-0 [^"]*"')

CLASSES = {"axes_1": "axes", "matplotlib.axis_1": "x", "matplotlib.axis_2": "y"}
"""Groups of a chart that a script in the page looks for."""


def tidy(drawn: str) -> str:
    """Return an SVG file without prolog, metadata, the global style rule and digits that nobody sees."""
    drawn = _STAR.sub("", _NOISE.sub("", drawn)).strip()
    drawn = _PATH.sub(_shorten, drawn)
    return re.sub(r"\n\s*", "\n", drawn) + "\n"


def _shorten(match: re.Match[str]) -> str:
    return ' d="' + _DECIMALS.sub(r"\1", match[1]).replace("\n", "") + '"'


def inline(drawn: str, prefix: str, title: str) -> str:
    """Return a tidy file to stand in a page: no fixed size, unique ids, colours by custom property, half as long."""
    root, rest = drawn.split(">", 1)
    root = re.sub(r' (width|height|version)="[^"]*"', "", root)
    root = f'{root} role="img" aria-label="{escape(title)}"'
    body = _PATH.sub(_shorter, _STYLES.sub(_restyle, rest))
    used = set(re.findall(r"(?:url\(|href=\")#([^)\"]*)", body))
    body = _IDS.sub(lambda match: _named(match[1], used), body)
    for _ in range(2):  # a group that held nothing but empty ones
        body = _UNSEEN.sub("", body)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", body)
    return f"{root}>{re.sub(chr(10) + '+', chr(10), body)}"


def _named(name: str, used: set[str]) -> str:
    if name in CLASSES:
        return f' class="{CLASSES[name]}"'
    return f' id="{name}"' if name in used else ""


def _shorter(match: re.Match[str]) -> str:
    """Return a path with tenths of a point, and lines that follow a move without their letter."""
    return ' d="' + _LONG.sub(r"\1", match[1]).replace(" L ", " ").rstrip() + '"'


def _restyle(match: re.Match[str]) -> str:
    style = _FONT.sub("", match[1]).replace(INK, "currentColor").replace("  ", " ")
    for index, colour in enumerate(LIGHT):
        style = style.replace(colour, f"var(--c{index})")
    style = style.replace(FASTER, "var(--faster)").replace(SLOWER, "var(--slower)")
    return f'style="{style}"'
