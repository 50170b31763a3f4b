"""Many files to one array: in order, in threads, whole; what cannot be read is told, and memory stays bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.datasets import images
from bench.datasets.folders import Folder
from bench.datasets.resize import ImageOptions
from bench.errors import RequestError

GREY = ImageOptions(size=(8, 6), channels="grey")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def many(tmp_path, pictures) -> Folder:
    """60 images, each of a grey of its own, in the order of their names."""
    return Folder(pictures(tmp_path / "many", *(f"{number:02}.png" for number in range(60))))


def decode(source: Folder, folder: Path, wanted: ImageOptions = GREY, **more):
    folder.mkdir(exist_ok=True)
    return images.decode_all(source, source.entries(), folder, wanted, **more)


@pytest.mark.parametrize("workers", [1, 2, 7, 100])
def test_images_come_in_the_order_of_their_files(tmp_path, many, workers):
    found = decode(many, tmp_path / "out", workers=workers)
    assert (found.x.shape, found.x.dtype) == ((60, 8, 6, 1), np.uint8)
    assert (found.x == (40 + np.arange(60)).reshape(60, 1, 1, 1)).all()
    assert np.array_equal(np.load(tmp_path / "out" / "x.npy"), found.x)
    assert found.kept.tolist() == list(range(60))
    assert (found.bad, found.sizes) == ({}, {(20, 30)})
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.npy"]


def test_three_channels(tmp_path, many):
    found = decode(many, tmp_path / "out", ImageOptions(size=(8, 6), channels="rgb"))
    assert found.x.shape == (60, 8, 6, 3)
    assert (found.x[59] == 99).all()


def test_what_cannot_be_read_leaves_no_gap(tmp_path, many, monkeypatch):
    monkeypatch.setattr(images, "BLOCK_BYTES", 100)
    root = Path(many.where)
    (root / "00.png").write_bytes(b"words")
    (root / "30.png").write_bytes((root / "30.png").read_bytes()[:40])
    (root / "59.png").unlink()
    (root / "59.png").symlink_to("nowhere")
    found = decode(many, tmp_path / "out")
    assert list(found.bad) == [0, 30, 59]
    assert found.bad[0].startswith("not an image")
    assert found.bad[59] == "No such file or directory"
    assert found.kept.tolist() == [k for k in range(60) if k not in found.bad]
    assert (found.x[:, 0, 0, 0] == 40 + found.kept).all()
    assert np.array_equal(np.load(tmp_path / "out" / "x.npy"), found.x)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.npy"]


def test_without_a_size_the_first_readable_file_gives_it(tmp_path, many, pictures):
    root = Path(many.where)
    (root / "00.png").write_bytes(b"words")
    wanted = ImageOptions(channels="grey")
    assert decode(many, tmp_path / "out", wanted).x.shape == (59, 20, 30, 1)
    pictures(root, "40.png", size=(20, 31))
    message = r"many/40\.png: has 20 x 31 pixels, other images 20 x 30; say what size all shall have"
    with pytest.raises(RequestError, match=message):
        decode(many, tmp_path / "out", wanted)


def test_without_a_size_and_without_an_image_nothing_can_be_made(tmp_path):
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "a.png").write_bytes(b"words")
    with pytest.raises(RequestError, match=r"none of its 1 files can be read as an image"):
        decode(Folder(tmp_path / "many"), tmp_path / "out", ImageOptions(channels="grey"))


def test_identical_files_have_the_same_digest(tmp_path, many):
    root = Path(many.where)
    (root / "07.png").write_bytes((root / "05.png").read_bytes())
    found = decode(many, tmp_path / "out")
    assert found.contents[5] == found.contents[7]
    assert len(set(found.contents.values())) == len(found.contents) - 1


def test_progress_comes_from_the_caller_thread_and_ends_at_the_end(tmp_path, many):
    said = []
    decode(many, tmp_path / "out", progress=lambda *words: said.append((*words, threading.get_ident())))
    assert said[-1] == ("decoding images", 60, 60, threading.get_ident())
    assert {ident for *_, ident in said} == {threading.get_ident()}
    assert [done for _, done, *_ in said] == sorted(done for _, done, *_ in said)


def test_a_fault_that_is_no_file_s_own_ends_it_all(tmp_path, many, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    going = threading.active_count()
    monkeypatch.setattr(images, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        decode(many, tmp_path / "out")
    assert threading.active_count() == going


def test_an_interrupt_ends_the_threads(tmp_path, many):
    going = threading.active_count()

    def interrupt(*_args):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode(many, tmp_path / "out", progress=interrupt)
    assert threading.active_count() == going


MEASURE = """
import resource, sys
from bench import datasets
options = dict(name="image_folder", source="official", root=sys.argv[1], group_pattern=None, size=128,
               interpolation="bilinear", channels="rgb", on_bad_file="error", scaling="unit", resplit=False,
               test_split=0.2, val_split=0.2, split_seed=0)
datasets.prepare(options)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_peak_memory_does_not_grow_with_the_number_of_files(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    peaks = []
    for number in (40, 1640):
        for label in ("a", "b"):
            folder = tmp_path / str(number) / label
            folder.mkdir(parents=True)
            Image.fromarray(noise).save(folder / "0.png")
            for k in range(1, number // 2):
                os.link(folder / "0.png", folder / f"{k}.png")
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", MEASURE, str(tmp_path / str(number))]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) / 1024)
    # 1,600 more images are 75 MiB of pixels.
    assert peaks[1] - peaks[0] < 25, peaks
