"""The page in a real browser, where there is one."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.image import imread

from reports.__main__ import main

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium here")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]

# A frame as wide as a phone, because a headless window has a least width; it reports its content's width.
FRAME = """<!doctype html><title>?</title><body style="margin:0"><iframe id="f" src="{page}"
style="width:{width}px;height:900px;border:0"></iframe><script>
document.getElementById("f").onload = (event) => {{
  const page = event.target.contentDocument.documentElement;
  const overlaps = [...page.querySelectorAll("svg")].map((svg) => {{
    const boxes = [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => a.left < b.right - 1 && b.left < a.right - 1
      && a.top < b.bottom - 2 && b.top < a.bottom - 2)).length;
  }});
  document.title = "";
  document.body.textContent = "wide=" + page.scrollWidth + " charts=" + overlaps.length
    + " overlaps=" + overlaps.reduce((a, b) => a + b, 0) + ";";
}};</script>"""


def browse(profile, *arguments):
    profile.mkdir()
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


LONG = ("tf", "tf_xla_with_a_long_name", "torch", "torch_compile_max_autotune")


@pytest.mark.parametrize(("width", "contenders"), [(400, LONG), (400, LONG[::2]), (1000, LONG), (1600, LONG)])
def test_the_page_fits_and_nothing_overlaps(make_run, tmp_path, width, contenders):
    make_run(tmp_path / "run", contenders=contenders)
    assert main([str(tmp_path / "run")]) == 0
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(page="run/report.html", width=width))
    dom = browse(
        tmp_path / "profile",
        "--allow-file-access-from-files",
        "--virtual-time-budget=5000",
        "--window-size=1700,1000",
        "--dump-dom",
        frame.as_uri(),
    )
    assert f"wide={width} charts=8 overlaps=0;" in dom


@pytest.mark.parametrize(("scheme", "dark"), [(1, False), (0, True)])
def test_light_and_dark_follow_the_reader(run_folder, tmp_path, scheme, dark):
    assert main([str(run_folder)]) == 0
    picture = tmp_path / "page.png"
    browse(
        tmp_path / "profile",
        f"--blink-settings=preferredColorScheme={scheme}",
        f"--screenshot={picture}",
        "--window-size=1000,1400",
        (run_folder / "report.html").as_uri(),
    )
    grey = imread(picture)[..., :3].mean(axis=2)
    assert (np.median(grey) < 0.2) == dark
    # Text and charts stand out from the paper: a good share of the points is far from its shade.
    assert (np.abs(grey - np.median(grey)) > 0.4).mean() > 0.01
