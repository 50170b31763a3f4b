from __future__ import annotations

from html import unescape

import pytest
from markdown_it import MarkdownIt

from bench.results import store
from bench.results.across import Across
from bench.results.schema import Parity
from reports.load import load
from reports.markdown import APART, escape, markdown

HOSTILE = "<script>a</script> | `b` *c* _d_ [e](javascript:f) ![g](h) # $i$ ~j~ \\ &amp; @k\n\n- l\n```"


def render(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


def summary(*folders, across=()) -> str:
    return markdown(load(list(folders)), across)


@pytest.mark.parametrize(
    "text", [HOSTILE, "- a", "+ a", "1. a", "12) a", "=", "===", "# a", "> a", "a_b*c", "    code"]
)
def test_an_escaped_text_is_itself(text):
    for place in ("{}", "- {}", "**{}**", "| a |\n|---|\n| {} |"):
        page = render("before\n\n" + place.format(escape(text)))
        assert " ".join(text.split()).replace("@", "@\u200b") in unescape(page)
        assert not any(
            tag in page for tag in ("<script", "<a ", "<img", "<em>", "<code>", "<h1>", "<ol>", "<blockquote")
        )
        assert page.count("<ul>") == place.startswith("-")


def test_the_summary_says_verdict_table_certificate_conditions_warnings(run_folder):
    text = summary(run_folder)
    page = unescape(render(text))
    assert page.startswith(
        "<h2>Handwritten digits × mlp</h2>\n<p><strong>torch is 1.32× faster than tf per training step"
    )
    assert "torch and tf have the same test accuracy in each of the 3 repeats" in page
    assert page.count("<tr>") == 3
    assert ">0.76× (0.75–0.76)</td>" in page
    assert "Certified: the same work" in page
    for part in ("device: cpu", "batch size: 64", "time per step: throughput clock", "numpy 2.4.0", "AMD EPYC"):
        assert part in page
    assert "Three repeats make a wide interval.; Try measure.repeats=5." in page
    assert "<pre><code>python -m bench dataset=digits model=mlp\n</code></pre>" in page


def test_hostile_names_change_nothing_but_words(run_folder):
    results = store.read(run_folder)
    for item in (*results.trials, *results.contenders, *results.comparison):
        for key in ("contender", "name", "verdict"):
            if getattr(item, key, "") not in ("", "tf"):
                setattr(item, key, HOSTILE)
    results.command, results.dataset.title = "bench\n```\n</code><script>", HOSTILE
    results.warnings[0].message = results.parity.message = HOSTILE
    store.write(run_folder, results)
    page = render(summary(run_folder))
    assert not any(tag in page for tag in ("<script", "<a ", "<img", "<em>", "<h1>"))
    assert page.count("<tr>") == 3
    assert page.count("<td") == 2 * 8
    assert page.count("<code>") == 1


def test_what_is_uncertified_or_unpaired_or_synthetic_says_so(run_folder):
    results = store.read(run_folder)
    results.dataset.synthetic, results.parity.passed = True, False
    store.write(run_folder, results)
    (run,) = load([run_folder])
    run.results.comparison[0].certified = run.results.comparison[0].paired = False
    text = markdown([run], ())
    assert "uncertified, unpaired" in text
    assert "\\[uncertified\\]" in text
    assert "**NOT certified**" in text
    assert "test accuracy (synthetic)" in text


def test_several_runs_are_told_one_by_one(sweep_folder):
    text = summary(sweep_folder)
    assert text.startswith("## 5 runs\n\n2 of 5 runs finished.")
    assert "This run failed: no such GPU &lt;0&gt;" in text
    assert "### 10: no results" in text
    assert "dataset=mnist, model=&lt;b&gt;cnn&lt;/b&gt;" not in text  # it left nothing to describe
    assert text.count("| tf |") == 3


def test_what_ran_apart_says_so(run_folder, sweep_folder):
    compared = store.read(run_folder).comparison[:1]
    group = Across(
        title="mlp, 2 runs",
        comparison=compared,
        parity=Parity(passed=False, message="no fingerprint"),
        differences={"torch": ["threads 1 against 2"]},
    )
    page = unescape(render(summary(run_folder, sweep_folder, across=[group])))
    assert APART in page
    assert "<strong>NOT certified</strong>: no fingerprint" in page
    assert "torch ran under other conditions than the baseline: threads 1 against 2." in page
