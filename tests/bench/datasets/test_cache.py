"""The cache: built once, whole or not at all, by one process at a time, anew when it is damaged."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from bench.datasets import cache
from bench.datasets.prepared import About, Files, Made
from bench.errors import RequestError

ABOUT = About(
    name="toy",
    title="A toy",
    source="this test",
    synthetic=True,
    task="classification",
    classes=("cat", "dog"),
    official=None,
    value_range=(0.0, 255.0),
    licence="none",
    citation="",
)


class Builder:
    """Makes six images of 2 x 3 x 1, and counts how often."""

    def __init__(self, pause: float = 0.0, log: Path | None = None) -> None:
        self.calls, self.pause, self.log = 0, pause, log

    def __call__(self, folder: Path) -> Made:
        self.calls += 1
        time.sleep(self.pause)
        if self.log:
            with self.log.open("a") as log:
                log.write("built\n")
        x = np.arange(36, dtype=np.uint8).reshape(6, 2, 3, 1)
        return Made(x=x, y=np.array([0, 1, 1, 1, 0, 1], np.int32), about=ABOUT)


def test_what_comes_back_is_what_was_built():
    build = Builder()
    made = cache.prepared("toy", {"version": 1}, build)
    again = cache.prepared("toy", {"version": 1}, build)
    assert made == again
    assert build.calls == 1
    x, y = made.arrays()
    assert (x.dtype, y.dtype, x.shape, y.tolist()) == (np.uint8, np.int32, (6, 2, 3, 1), [0, 1, 1, 1, 0, 1])
    assert np.array_equal(x.ravel(), np.arange(36))
    assert not x.flags.writeable
    assert (made.input_shape, made.num_samples, made.classes) == ((2, 3, 1), 6, ("cat", "dog"))
    manifest = json.loads((made.folder / "manifest.json").read_text())
    assert manifest["counts"] == {"cat": 2, "dog": 4}
    assert manifest["about"]["licence"] == "none"


@pytest.mark.parametrize("name", ["groups.npy", "files.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "changed"])
def test_groups_and_files_are_guarded_too(name, damage):
    """Without its groups a dataset would be split as if every sample stood alone."""
    calls = []

    def build(folder):
        calls.append(folder)
        made = Builder()(folder)
        number = len(made.y)
        files = Files(root="/data", names=tuple(f"{k}.png" for k in range(number)))
        return dataclasses.replace(made, groups=np.arange(number) // 2, files=files)

    path = cache.prepared("toy", {}, build).folder / name
    {"gone": Path.unlink, "cut": truncate, "changed": flip_a_bit}[damage](path)
    again = cache.prepared("toy", {}, build)
    assert len(calls) == 2
    assert again.groups().tolist() == [0, 0, 1, 1, 2, 2]
    assert again.files().names[-1] == "5.png"


def test_a_source_that_cannot_be_read_is_not_the_caches_fault(tmp_path):
    def build(_):
        raise PermissionError(13, "Permission denied", str(tmp_path / "data" / "a.csv"))

    with pytest.raises(RequestError, match=r"data/a\.csv: cannot be read \(Permission denied\)"):
        cache.prepared("toy", {}, build)


def test_another_identity_is_another_folder():
    first, second = (cache.prepared("toy", {"version": version}, Builder()) for version in (1, 2))
    assert first.folder != second.folder
    assert first.checksum == second.checksum


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("x.npy", truncate),
        ("y.npy", truncate),
        ("x.npy", flip_a_bit),
        ("y.npy", flip_a_bit),
        ("x.npy", Path.unlink),
        ("manifest.json", Path.unlink),
        ("manifest.json", truncate),
        ("manifest.json", lambda path: path.write_text("[]")),
        ("manifest.json", lambda path: path.write_text("{}")),
        ("manifest.json", lambda path: path.write_bytes(b"\xff\xfe")),
    ],
)
def test_a_damaged_folder_is_built_anew(name, damage):
    build = Builder()
    made = cache.prepared("toy", {}, build)
    damage(made.folder / name)
    again = cache.prepared("toy", {}, build)
    assert build.calls == 2
    assert again == made
    assert np.array_equal(again.arrays()[0].ravel(), np.arange(36))
    assert again.arrays()[1].tolist() == [0, 1, 1, 1, 0, 1]


def test_a_copied_cache_is_believed_after_its_checksum(cache_root, monkeypatch, tmp_path):
    build = Builder()
    made = cache.prepared("toy", {}, build)
    shutil.copytree(cache_root, tmp_path / "copy", copy_function=shutil.copyfile)
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path / "copy"))
    assert cache.prepared("toy", {}, build).checksum == made.checksum
    assert build.calls == 1
    # Now its times are known again: the next run need not read all of it.
    monkeypatch.setattr(cache, "_checksum", lambda x, y: pytest.fail("read again, to check what has been checked"))
    assert cache.prepared("toy", {}, build).checksum == made.checksum


def test_an_array_written_in_place_stays_as_it_is_even_where_the_cache_is_a_link(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path / "link"))

    def build(folder):
        x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.uint8, (4, 2, 2, 1))
        x[:] = np.arange(16).reshape(4, 2, 2, 1)
        return Made(x=x, y=np.array([0, 1, 0, 1], np.int32), about=ABOUT)

    x, _ = cache.prepared("toy", {}, build).arrays()
    assert x.ravel().tolist() == list(range(16))


def test_a_table_its_groups_and_its_files_come_back(tmp_path):
    about = dataclasses.replace(
        ABOUT, task="regression", classes=(), value_range=None, official=(2, 0, 1), facts={"a": "b"}
    )

    def build(folder):
        return Made(
            x=np.array([[1.5, 2], [3, 4], [5, 6]], np.float32),
            y=np.array([0.5, -1, 2], np.float32),
            about=about,
            groups=np.array([7, 7, 9]),
            files=Files(root=str(tmp_path), names=("a.png", "b/c.png", "d.png")),
        )

    for made in (
        cache.prepared("toy", {}, build),
        cache.prepared("toy", {}, lambda folder: pytest.fail("built twice")),
    ):
        assert (made.input_shape, made.num_samples, made.official, made.facts) == ((2,), 3, (2, 0, 1), {"a": "b"})
        assert made.arrays()[1].tolist() == [0.5, -1, 2]
        assert made.groups().tolist() == [7, 7, 9]
        assert made.files() == Files(root=str(tmp_path), names=("a.png", "b/c.png", "d.png"))
    assert json.loads((made.folder / "manifest.json").read_text())["counts"] == {"samples": 3}


def test_what_was_begun_and_broken_off_is_cleared_away(cache_root):
    def broken(folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.prepared("toy", {}, broken)
    assert not [path for path in cache_root.iterdir() if path.is_dir()]
    made = cache.prepared("toy", {}, Builder())
    part = made.folder.with_name(made.folder.name + ".part")
    shutil.rmtree(made.folder)
    part.mkdir()
    (part / "x.npy").write_text("left by a process that was killed")
    assert cache.prepared("toy", {}, Builder()).arrays()[0].shape == (6, 2, 3, 1)
    assert not part.exists()


def test_a_cache_that_cannot_be_written_is_the_users_to_move(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path / "file"))
    with pytest.raises(RequestError, match=r"cannot keep prepared data in the cache folder .*PARALLAX_CACHE"):
        cache.prepared("toy", {}, Builder())


def prepare_in_a_process(log: Path, said) -> None:
    made = cache.prepared("toy", {}, Builder(0.5, log), lambda what, done, total: said.put(what))
    said.put(made.checksum)


def test_two_processes_at_once_build_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    said, log = context.Queue(), tmp_path / "log"
    both = [context.Process(target=prepare_in_a_process, args=(log, said)) for _ in range(2)]
    for process in both:
        process.start()
    words = [said.get(timeout=60), said.get(timeout=60)]
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    while not said.empty():
        words.append(said.get())
    assert log.read_text() == "built\n"
    checksums = [word for word in words if not word.startswith("waiting for another run that prepares toy-")]
    assert len(checksums) == 2
    assert len(set(checksums)) == 1


def test_the_cache_folder_is_the_users_choice_else_the_systems(monkeypatch, tmp_path):
    monkeypatch.setenv("PARALLAX_CACHE", "~/somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "somewhere"
    monkeypatch.setenv("PARALLAX_CACHE", "")
    assert cache.cache_folder().name == "parallax"


def test_what_the_disk_has_no_room_for_is_not_begun(tmp_path):
    with pytest.raises(RequestError, match=r"needs 10,000\.0 GB in the cache folder .*PARALLAX_CACHE"):
        cache.new_array(tmp_path / "x.npy", (10_000_000, 1000, 1000), "uint8")
    assert not list(tmp_path.iterdir())
