"""The page model in, one self-contained HTML file and the figures beside it out."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from pathlib import Path

import jinja2
from markupsafe import Markup

from bench.results.format import plain
from bench.results.schema import QUALITIES, TIMES
from reports import format as fmt
from reports import palette
from reports.page import MOST_ROWS, Page

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("scale.js", "chart.js", "table.js")


def html(page: Page, template: str = "report.html.j2") -> str:
    """Return the report, or the part of it that `template` shows, as one HTML file that asks nothing of the network."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=fmt.seconds,
        signed=fmt.signed,
        weight=fmt.weight,
        share=fmt.share,
        percent=fmt.percent,
        quality=fmt.quality,
        spread=fmt.spread,
        loss=fmt.loss,
        deviation=fmt.deviation,
        count=fmt.count,
        rate=fmt.rate,
        flops=fmt.flops,
        flop_rate=fmt.flop_rate,
        part=fmt.part,
        scientific=fmt.scientific,
        plain=plain,
        shell=shlex.quote,
    )
    light, dark = palette.css()
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return environment.get_template(template).render(
        page=page,
        ratio=fmt.ratio,
        interval=fmt.interval,
        difference=fmt.difference,
        times=TIMES,
        qualities=QUALITIES,
        most=MOST_ROWS,
        # Not escaped: our own file and constants, nothing of the results.
        style=Markup(style),
        script=Markup(script),
        # The browser runs this script and no other, whatever else might get into the page.
        script_hash=Markup(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()),
        light=Markup(light),
        dark=Markup(dark),
    )


def write(page: Page, path: Path) -> list[str]:
    """Write the report to `path` and its figures into ``figures`` beside it; return what went wrong, in words.

    Files appear whole or not at all, and a link in their place is replaced, never followed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, html(page).encode("utf-8", errors="replace"))
    folder = path.parent / "figures"
    if folder.is_symlink():
        return [f"{folder} is a link: no figures were written there"]
    try:
        folder.mkdir(exist_ok=True)
        for name, chart in page.charts:
            _replace(folder / f"{name}.svg", chart.svg.encode("utf-8", errors="replace"))
            if chart.png:
                _replace(folder / f"{name}.png", chart.png)
    except OSError as error:
        return [f"{folder}: the figures could not be written ({error})"]
    return []


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    # "x": a file or link that lies in wait under the temporary name is an error, not a target.
    with temporary.open("xb") as file:
        file.write(content)
    temporary.replace(path)
