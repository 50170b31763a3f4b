"""Channels first: the same pixels in another order, made once, whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import shutil

import numpy as np
import pytest

from bench import datasets
from bench.datasets import cache, planes
from bench.datasets.prepared import Made
from bench.errors import RequestError
from tests.bench.datasets.test_scales import ABOUT

X = np.random.default_rng(0).integers(0, 256, (37, 6, 5, 3), np.uint8)


def prepared(x=X):
    return cache.prepared("toy", {}, lambda _: Made(x=x, y=np.arange(37) % 2, about=ABOUT))


def test_the_pixels_are_the_same(monkeypatch):
    monkeypatch.setattr(planes, "BLOCK_BYTES", 400)
    path = datasets.planar(prepared())
    made = np.load(path)
    assert (made.shape, made.dtype) == ((37, 3, 6, 5), np.uint8)
    assert np.array_equal(made, X.transpose(0, 3, 1, 2))
    assert path.parent == prepared().folder
    assert made.flags.c_contiguous


def test_it_is_made_once(monkeypatch):
    path = datasets.planar(prepared())
    monkeypatch.setattr(planes, "_make", lambda *_: pytest.fail("made again"))
    assert datasets.planar(prepared()) == path


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"short"), flip_a_bit, lambda path: path.unlink()])
def test_what_was_damaged_is_made_anew(damage):
    path = datasets.planar(prepared())
    damage(path)
    assert np.array_equal(np.load(datasets.planar(prepared())), X.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("writable", [True, False])
def test_a_copy_is_believed_after_its_checksum(monkeypatch, writable):
    path = datasets.planar(prepared())
    os.utime(path, ns=(0, 0))
    monkeypatch.setattr(planes, "_make", lambda *_: pytest.fail("made again"))
    if not writable:
        monkeypatch.setattr(planes, "write_json", lambda *_: (_ for _ in ()).throw(PermissionError(13, "no")))
    assert datasets.planar(prepared()) == path
    monkeypatch.setattr(planes, "digest", lambda _: pytest.fail("read again, to check what has been checked"))
    if writable:
        assert datasets.planar(prepared()) == path


@pytest.mark.parametrize("shape", [(37, 6, 5, 1), (37, 4)])
def test_what_lies_the_same_either_way_is_not_made(shape):
    made = cache.prepared("same", {}, lambda _: Made(x=np.zeros(shape, np.uint8), y=np.arange(37) % 2, about=ABOUT))
    assert datasets.planar(made) is None
    assert not list(made.folder.glob("x_channels_first*"))


def test_what_is_broken_off_leaves_nothing(monkeypatch):
    made = prepared()
    monkeypatch.setattr(planes, "BLOCK_BYTES", 400)
    monkeypatch.setattr(planes, "max", lambda *_: 1 // 0, raising=False)  # After the file was begun.
    with pytest.raises(ZeroDivisionError):
        datasets.planar(made)
    assert not list(made.folder.glob("x_channels_first*"))


def test_a_full_disk_is_the_users_to_mend(monkeypatch):
    memmap = np.lib.format.open_memmap

    def full(path, mode, *rest, **named):
        if mode == "w+":
            raise OSError(28, "No space left on device")
        return memmap(path, mode, *rest, **named)

    made = prepared()
    monkeypatch.setattr(np.lib.format, "open_memmap", full)
    with pytest.raises(
        RequestError, match=r"cannot keep prepared data in the cache folder .*No space left.*PARALLAX_CACHE"
    ):
        datasets.planar(made)
    assert not (made.folder / planes.NAME).exists()


def make(said) -> None:
    said.put(str(datasets.planar(prepared())))


def test_two_processes_at_once_make_one(cache_root):
    made = prepared()
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    both = [context.Process(target=make, args=(said,)) for _ in range(2)]
    for process in both:
        process.start()
    paths = {said.get(timeout=60) for _ in both}
    for process in both:
        process.join(60)
    assert paths == {str(made.folder / planes.NAME)}
    assert np.array_equal(np.load(made.folder / planes.NAME), X.transpose(0, 3, 1, 2))
    assert not list(made.folder.glob("*.part"))


def test_the_prepared_folder_is_still_sound_with_it():
    made = prepared()
    datasets.planar(made)
    assert cache.prepared("toy", {}, lambda _: pytest.fail("built again")) == made
    shutil.rmtree(made.folder)
