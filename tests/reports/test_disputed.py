"""Test images on which the contenders disagree."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from bench.results import store
from reports import answers, disputed
from reports.load import load

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def run(make_run, with_answers, tmp_path):
    """A run whose contenders disagree on samples 3 (twice) and 5 (once), with images of both."""
    results = make_run(tmp_path, repeats=2, files=False)
    dataset = results.dataset
    dataset.disputed, dataset.disputed_images = [3, 5], "data/disputed.npy"
    with_answers(tmp_path, results, {"torch": [[3, 5], [3]], "tf": [[7], [7]]})
    with_answers(tmp_path, results, {"torch": [[3, 5, 7], [3, 7]], "tf": [[7], [7]]})
    images = np.zeros((2, 8, 8, 1), np.uint8)
    images[1] = 255
    np.save(tmp_path / dataset.disputed_images, images)
    return tmp_path


def view(folder, most=12, change=None):
    (run,) = load([folder])
    if change:
        change(run.results.dataset)
    return disputed.view(run, run.results.dataset, answers.read(run, run.results.dataset), "images", most)


def test_each_image_has_its_true_class_and_what_everyone_said(run):
    found = view(run)
    assert found.sentence == "On 2 of 40 test images the contenders named different classes, in at least one repeat."
    assert [(card.number, card.true) for card in found.cards] == [(4, "3"), (6, "5")]
    tf, torch = found.cards[1].said
    assert (tf.contender, tf.answers) == ("tf", [("5", "", True)])
    assert torch.answers == [("6", "1×", False), ("5", "1×", True)]
    assert found.cards[0].said[1].answers == [("4", "", False)]


def test_the_images_are_png_of_the_file(run):
    sources = [card.source for card in view(run).cards]
    shown = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(item.removeprefix("data:image/png;base64,")))))
        for item in sources
    ]
    assert [(item.shape, item.min(), item.max()) for item in shown] == [((8, 8, 3), 0, 0), ((8, 8, 3), 255, 255)]


def test_a_page_of_many_runs_has_few(run):
    assert len(view(run, most=1).cards) == 1
    assert "Here the 1 image on which they did so most often." in view(run, most=1).sentence
    none = view(run, most=0)
    assert none.cards == []
    assert "the page has many runs" in none.gaps[0]


def test_who_agrees_and_who_is_alone(make_run, with_answers, tmp_path):
    with_answers(tmp_path / "a", make_run(tmp_path / "a", repeats=1, files=False))
    assert (
        view(tmp_path / "a").sentence == "In every repeat the contenders named the same class for all 40 test images."
    )
    with_answers(tmp_path / "b", make_run(tmp_path / "b", contenders=("tf",), repeats=2), {"tf": [[1], [2]]})
    assert view(tmp_path / "b").sentence == ""


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((3, 8, 8, 1), np.uint8), "of shape (3, 8, 8, 1) for 2 images"),
        (np.zeros((2, 97, 8, 1), np.uint8), "of shape (2, 97, 8, 1)"),
        (np.zeros((2, 8, 8, 4), np.uint8), "shape (2, 8, 8, 4)"),
        (np.zeros((2, 8, 8), np.uint8), "shape (2, 8, 8)"),
        (np.zeros((2, 8, 8, 1)), "no array of uint8"),
        (None, "missing"),
    ],
)
def test_pictures_that_are_none_are_left_out(run, array, why):
    path = run / "data/disputed.npy"
    path.unlink()
    if array is not None:
        np.save(path, array)
    found = view(run)
    assert found.cards == []
    assert why in found.gaps[0]
    assert found.sentence.startswith("On 2 of 40")


@pytest.mark.parametrize("rows", [[3, 40], [-1, 5], [10**18, 5], [3] * 13])
def test_samples_that_are_none_are_left_out(run, rows):
    if len(rows) > 2:
        np.save(run / "data/disputed.npy", np.zeros((len(rows), 8, 8, 1), np.uint8))
    found = view(run, change=lambda dataset: setattr(dataset, "disputed", rows))
    assert (found.cards, len(found.gaps)) == ([], 1)


def test_the_page_escapes_what_they_said(run):
    from reports import page as pages
    from reports.render import html

    results = store.read(run)
    results.dataset.classes = [f"{place}{EVIL}" for place in range(10)]
    store.write(run, results)
    text = html(pages.build(load([run]), pictures=False))
    assert EVIL not in text
    cards = re.search(r'<ul class="disputed">.*?</ul>', text, re.DOTALL)[0]
    assert cards.count("<li>") == 2
    assert "3&lt;script&gt;" in cards
