"""Where to take a dataset from, and what is said when it cannot be had."""

from __future__ import annotations

import pytest

from bench import datasets
from bench.datasets import places
from bench.errors import RequestError


def test_one_place_is_chosen():
    nothing = {"source": "official", "root": None, "url": None}
    assert places.place(nothing, "X") == "download"
    assert places.place(nothing | {"url": "http://x"}, "X") == "download"
    assert places.place(nothing | {"root": "x"}, "X") == "root"
    assert places.place(nothing | {"source": "synthetic"}, "X") == "synthetic"


def test_two_places_are_refused():
    with pytest.raises(RequestError, match=r"^dataset\.root=r, dataset\.url=u: say only one place to take X from$"):
        places.place({"source": "official", "root": "r", "url": "u"}, "X")
    with pytest.raises(RequestError, match=r"^dataset\.url=u beside dataset\.source=synthetic: say only one place"):
        places.place({"source": "synthetic", "url": "u"}, "X")


def test_a_mirror_is_a_folder_on_the_web():
    assert places.mirrors({"url": "https://host/a"}, ["x"]) == ("https://host/a/",)
    assert places.mirrors({"url": None}, ["x", "y"]) == ("x", "y")
    with pytest.raises(RequestError, match=r"^dataset\.url=ftp://x: must begin with http"):
        places.mirrors({"url": "ftp://x"}, [])


def test_the_datasets_that_need_nothing_really_need_nothing(options, monkeypatch):
    import urllib.request

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("asked the network"))
    for name in places.NEED_NOTHING:
        assert name in datasets.names()
        assert datasets.prepare(options(name)).num_samples > 400
