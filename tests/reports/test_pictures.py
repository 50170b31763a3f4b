"""Sample images and the pictures before and after a TFRecord file; and files that are neither."""

from __future__ import annotations

import io
import re
import zipfile
from base64 import b64decode

import numpy as np
import pytest
from matplotlib.image import imread

from bench.results import store
from reports import page as pages
from reports import pictures
from reports.load import load
from reports.render import html, write

SHAPE = (10, 8, 12, 10, 3)


def images(shape=SHAPE):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def with_samples(make_run, tmp_path):
    """Return the function that writes a run with a file of samples, whatever is in it, and returns its page."""

    def make(content=None, name="data/samples.npy", folder="run"):
        place = tmp_path / folder
        results = make_run(place, repeats=1, files=False)
        results.dataset.samples = name
        store.write(place, results)
        (place / "data").mkdir(exist_ok=True)
        path = place / "data" / "samples.npy"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            np.save(path, content)
        return pages.build(load([place]), pictures=False)

    return make


def sheet_of(text):
    """Return the one raster picture inside a drawing, (H, W, 4), shares of one."""
    [found] = re.findall(r"data:image/png;base64,([^\"]*)", text, flags=re.DOTALL)
    return imread(io.BytesIO(b64decode(found)))


def test_a_row_per_class_in_the_order_of_the_classes(with_samples):
    given = images()
    view = with_samples(given).views[0]
    chart = view.data.samples
    sheet = sheet_of(str(chart.markup))
    # Each pixel is drawn 4 × 4, so that the browser need not blur it; gaps of 2 let the page through.
    assert sheet.shape == (10 * 50 - 2, 8 * 42 - 2, 4)
    if np.abs(sheet[0:48:4, 0:40:4, :3] - given[0, 0] / 255).max() > 0.01:
        sheet = sheet[::-1]  # an SVG may hold its picture upside down and turn it
    for row, column in ((0, 0), (3, 5), (9, 7)):
        top, left = 50 * row, 42 * column
        part = sheet[top : top + 48 : 4, left : left + 40 : 4, :3]
        assert part == pytest.approx(given[row, column] / 255, abs=0.01)
    assert (sheet[48:50, :, 3] == 0).all()
    names = re.findall(r"<text[^>]*>([^<]*)</text>", str(chart.markup))
    assert names == [str(digit) for digit in range(10)]
    assert view.data.gaps == []


def test_places_that_no_image_fills_stay_empty(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1, files=False)
    results.dataset.counts["train"][9] = 2
    sheet = sheet_of(str(pictures.draw_samples(images(), results.dataset, "p", png=False).markup))
    rows = sorted([sheet[25, 21::42, 3].sum(), sheet[-25, 21::42, 3].sum()])
    assert rows == [2, 8]


def test_the_grid_is_a_chart_with_files_of_its_own(with_samples, tmp_path):
    page = with_samples(images())
    assert "samples" in dict(page.charts)
    write(page, tmp_path / "report.html")
    assert "<svg" in (tmp_path / "figures/samples.svg").read_text()


def test_only_pictures_inside_the_page_are_shown(with_samples):
    text = html(with_samples(images()))
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    kinds = {source.split(",")[0] for source in sources if not source.startswith("#")}
    taken = {f"data:{kind};charset=utf-8;base64" for kind in ("text/csv", "application/json")}
    assert kinds == {"data:image/png;base64"} | taken
    assert "img-src data:" in text


def npy(shape, dtype="|u1", data=b""):
    """Return an array file whose header says anything."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue() + data


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("x.npy", npy((1,), data=b"x"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "missing"),
        (b"", "unreadable"),
        (b"\x93NUMPY and no more", "unreadable"),
        (b"\x80\x04\x95", "unreadable"),
        (np.array([{}], dtype=object), "unreadable"),
        (archive(), "no array"),
        (npy((10**6, 10**6, 1000, 8, 3)), "unreadable"),
        (images().astype(np.float32), "no array of uint8"),
        (images()[0], "shape"),
        (images((10, 8, 12, 10, 2)), "shape"),
        (images((11, 8, 2, 2, 1)), "shape"),
        (images((13, 8, 2, 2, 1)), "shape"),
        (images((2, 9, 2, 2, 1)), "shape"),
        (images((2, 8, 97, 2, 1)), "shape"),
        (images((0, 8, 2, 2, 1)), "shape"),
        (images((2, 8, 0, 2, 1)), "shape"),
    ],
)
def test_anything_else_is_named_and_left_out(with_samples, content, why):
    page = with_samples(content)
    assert page.views[0].data.samples is None
    [gap] = page.views[0].data.gaps
    assert gap.startswith("The sample images are left out: ")
    assert why in gap
    assert gap.partition("(")[0] in html(page)


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/passwd", "data/../../secret.npy", "data/link.npy"])
def test_nothing_outside_the_run_is_shown(with_samples, tmp_path, name):
    np.save(tmp_path / "secret.npy", images())
    (tmp_path / "run/data").mkdir(parents=True)
    (tmp_path / "run/data/link.npy").symlink_to(tmp_path / "secret.npy")
    view = with_samples(images(), name=name).views[0]
    assert view.data.samples is None
    assert "PermissionError" in view.data.gaps[0]


def test_hostile_class_names_stand_as_text_beside_the_grid(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1, files=False)
    results.dataset.classes = ["<script>alert(1)</script>", "$\\frac{", "", "\n", "x" * 10_000, *"56789"]
    chart = pictures.draw_samples(images(), results.dataset, "p", png=False)
    assert "<script" not in str(chart.markup)
    assert "xxxxx…" in str(chart.markup)
    assert "x" * 20 not in str(chart.markup)


def test_names_that_begin_alike_are_numbered(make_run, tmp_path):
    results = make_run(tmp_path, repeats=1, files=False)
    results.dataset.classes = [f"a class with the number {place}" for place in range(10)]
    chart = pictures.draw_samples(images(), results.dataset, "p", png=False)
    names = re.findall(r"<text[^>]*>([^<]*)</text>", str(chart.markup))
    assert names == [f"{place}: a class w…" for place in range(10)]


def test_a_sweep_shows_the_same_images_once(with_samples, tmp_path):
    for number in range(3):
        with_samples(images() if number < 2 else images()[::-1], folder=f"sweep/{number}")
    page = pages.build(load([tmp_path / "sweep"]), pictures=False)
    assert [bool(view.data.samples) for view in page.views] == [True, False, True]
    assert page.views[1].data.same_as == "run-0"
    text = html(page)
    assert text.count("Sample images of the training split</figcaption>") == 2
    assert 'the same as in <a href="#run-0">' in text


@pytest.fixture
def with_record(make_run, tmp_path):
    """Return the function that writes the two pictures of one trial and returns the run's view."""

    def make(before, after):
        make_run(tmp_path, repeats=1)
        for when, content in (("before", before), ("after", after)):
            if content is not None:
                np.save(tmp_path / f"trials/torch-0/record_{when}.npy", content)
        page = pages.build(load([tmp_path]), pictures=False)
        return page.views[0].data, html(page)

    return make


def test_two_equal_pictures_stand_side_by_side(with_record):
    picture = images((9, 7, 3))
    found, text = with_record(picture, picture)
    assert found.record.equal
    assert "The two are equal, value by value. From torch, repeat 1: 9 × 7 × 3." in text
    assert re.findall(r"<text[^>]*>(before|after)</text>", text) == ["before", "after"]
    sheet = sheet_of(str(found.record.chart.markup))
    # Each pixel 21 × 21, and between the two a gap of 9.
    assert sheet.shape == (189, 303, 4)
    assert (sheet[:, :147] == sheet[:, 156:]).all()


def test_one_value_that_differs_is_seen_and_said(with_record):
    after = images((9, 7, 1))
    before = after.copy()
    before[3, 3] ^= 5
    found, text = with_record(before, after)
    assert not found.record.equal
    assert text.count("They are NOT equal: 1 of 63 values differ, by ") == 2
    assert "is not what the others trained on" in text


def test_another_shape_is_not_equal(with_record):
    found, _ = with_record(images((9, 7, 1)), images((7, 9, 1)))
    assert found.record.words == "They are NOT equal: 9 × 7 × 1 before, 7 × 9 × 1 after."


def test_a_large_picture_is_thinned_and_compared_whole(with_record):
    before = np.zeros((1200, 900, 1), np.uint8)
    after = before.copy()
    after[1199, 898] = 200
    found, _ = with_record(before, after)
    assert "1 of 1,080,000 values differ, by 200 at most" in found.record.words
    assert max(sheet_of(str(found.record.chart.markup)).shape) < 1000


@pytest.mark.parametrize("picture", [np.zeros((4, 4)), images((5000, 1, 1)), images((2, 2, 4))])
def test_odd_pictures_are_left_out(with_record, picture):
    found, text = with_record(picture, picture)
    assert found.record is None
    assert "The pictures before and after a TFRecord file are left out: " in text


def test_one_picture_alone_is_none(with_record):
    found, _ = with_record(images((4, 4, 1)), None)
    assert (found.record, found.gaps) == (None, [])
