"""A summary in Markdown, for a README or a pull request: verdict, conditions, certificate, table, warnings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bench.results import environments, summary
from bench.results import format as formats
from bench.results.across import Across
from bench.results.schema import QUALITIES, TIMES, Agreement, Comparison, Results
from bench.results.summary import Row
from reports import words
from reports.format import difference
from reports.load import Run

APART = "These contenders ran apart: the intervals are unpaired, and machine drift is not controlled."

_SPECIAL = re.compile(r"([\\`*_{}\[\]|~$#])")
_OPENING = re.compile(r"^([-+=]|\d+[.)](?= ))")
"""What would begin a list, or make a heading of the line above."""


def escape(text: object) -> str:
    """Return `text` on one line, to be read as it is: no Markdown, no HTML, no mention of a user."""
    line = " ".join(str(text).split())
    line = _OPENING.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", _SPECIAL.sub(r"\\\1", line))
    # A backslash does not keep GitHub from notifying whoever is called what stands behind an @.
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def markdown(runs: Sequence[Run], across: Sequence[Across]) -> str:
    """Return the summary of `runs` and of what was compared across them; it ends in a line break."""
    if len(runs) == 1:
        parts = _run(runs[0], "##")
    else:
        done = sum(run.status == "ok" for run in runs)
        parts = [f"## {len(runs)} runs", f"{done} of {len(runs)} runs finished. Every run stands for itself."]
        for group in across:
            parts += _across(group)
        for run in runs:
            parts += _run(run, "###")
    return "\n\n".join(parts) + "\n"


def _run(run: Run, level: str) -> list[str]:
    results = run.results
    if results is None:
        return [f"{level} {escape(run.name)}: no results", escape(run.problem)]
    parts = [f"{level} {escape(words.title(results, run.name))}"]
    if run.overrides:
        parts.append(f"Run {escape(run.name)}: {escape(', '.join(run.overrides))}")
    parts += [f"**{escape(told)}**" for told in (words.ending(results), environments.sentence(results)) if told]
    parts += [f"**{escape(told)}**" if not place else escape(told) for place, told in enumerate(words.verdict(results))]
    rows = summary.rows(results)
    if rows:
        parts.append(_table(rows, results))
    badge = words.badge(results)
    parts.append(_badge(badge.words, badge.message))
    parts.append(_list("Under these conditions:", _conditions(results)))
    warned = summary.grouped(results.warnings)
    parts.append(_list("Warnings:", [escape("; ".join(filter(None, [item.message, item.advice]))) for item in warned]))
    if results.command:
        # Indented by four: a block of code that no character of the command can close.
        parts.append("Again:\n\n    " + " ".join(results.command.split()))
    return [part for part in parts if part]


def _badge(told: str, message: str) -> str:
    return f"**{escape(told)}**: {escape(message)}" if message else f"**{escape(told)}**"


def _conditions(results: Results) -> list[str]:
    told = words.conditions(results)
    if results.versions:
        told.append(("versions", formats.pairs(results.versions)))
    if cpu := results.machine.get("cpu"):
        told.append(("processor", formats.plain(cpu)))
    return [f"{escape(key)}: {escape(value)}" for key, value in told]


def _list(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading, "", *(f"- {line}" for line in lines)]) if lines else ""


def _table(rows: Sequence[Row], results: Results) -> str:
    judged = QUALITIES[summary.metric(results)]
    mark = f" ({results.dataset.mark})" if results.dataset and results.dataset.mark else ""
    heads = ["contender", "framework", "time per step", "ratio (95 %)", f"{summary.things(results)} per second"]
    heads += [judged + mark, "test loss", "repeats"]
    cells = [
        [
            row.name,
            row.framework,
            formats.seconds(row.step_seconds),
            "baseline" if row.baseline else _ratio(row.comparison),
            formats.rate(row.throughput),
            formats.quality(row.quality, row.metric),
            formats.loss(row.test_loss),
            f"{row.finished} of {row.trials}" if row.trouble else str(row.finished),
        ]
        for row in rows
    ]
    return _grid(heads, cells, left=2)


def _ratio(found: Comparison | None) -> str:
    if found is None or found.ratio is None:
        return formats.MISSING
    reach = f" ({formats.interval(found.low, found.high)})" if found.low is not None else ""
    marks = ("" if found.certified else ", uncertified") + ("" if found.paired else ", unpaired")
    return f"{formats.ratio(found.ratio)}×{reach}{marks}"


def _across(group: Across) -> list[str]:
    parts = [f"### Across runs: {escape(group.title)}"]
    parts += [_list("Has anything become slower?", [escape(told) for told in group.answers])]
    parts += [_list("Not compared, or to know beside:", [escape(item.message) for item in group.warnings])]
    if group.comparison or group.agreement:
        parts.append(APART)
    if group.parity:
        certified = "Certified: the same work" if group.parity.passed else "NOT certified"
        parts.append(_badge(certified, group.parity.message))
    for name, found in group.differences.items():
        parts.append(f"{escape(name)} ran under other conditions than the baseline: {escape(', '.join(found))}.")
    times = [[*_what(item, TIMES), _ratio(item)] for item in group.comparison]
    qualities = [[*_what(item, QUALITIES), _difference(item)] for item in group.agreement]
    for cells, head in ((times, "ratio (95 %)"), (qualities, "difference (95 %)")):
        parts.append(_grid(["contender", "against", "quantity", head], cells, left=3) if cells else "")
    return [part for part in parts if part]


def _what(item: Comparison | Agreement, names: Mapping[str, str]) -> list[str]:
    return [item.contender, item.baseline, names.get(item.quantity, item.quantity)]


def _difference(found: Agreement) -> str:
    value, low, high = (difference(end, found.quantity) for end in (found.difference, found.low, found.high))
    reach = f" ({low} to {high})" if found.low is not None else ""
    return f"{value}{' points' if 'accuracy' in found.quantity else ''}{reach}"


def _grid(heads: Sequence[str], cells: Iterable[Sequence[str]], left: int) -> str:
    """Return a table whose first `left` columns are flush left, the others right."""
    rule = [":--" if place < left else "--:" for place in range(len(heads))]
    lines = [[escape(head) for head in heads], rule, *([escape(cell) for cell in row] for row in cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
