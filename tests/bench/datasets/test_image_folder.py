"""A user's own folder: what is read, what is refused, when it is read anew."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench import datasets
from bench.datasets import folders, images
from bench.errors import RequestError

CLASSES = [f"{label}/{number}.png" for label in ("dog", "cat") for number in range(5)]
PARTS = [f"{part}/{name}" for part in ("train", "test") for name in CLASSES]


@pytest.fixture
def prepare(options, tmp_path):
    """Prepare what lies in ``tmp_path/pets``."""

    def make(**changes):
        chosen = options("image_folder", **{"root": str(tmp_path / "pets"), "size": 8, **changes})
        made = datasets.prepare(chosen)
        return made, datasets.split(made, chosen)

    return make


@pytest.fixture
def pets(tmp_path, pictures) -> Path:
    return pictures(tmp_path / "pets", *CLASSES)


def refused(prepare, message: str, **changes) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        prepare(**changes)
    assert "\n" not in str(caught.value)


def test_each_folder_is_a_class(pets, prepare, pictures):
    pictures(pets, ".hidden/1.png", "cat/.hidden.png")
    (pets / ".DS_Store").write_bytes(b"")
    made, splits = prepare()
    assert made.classes == ("cat", "dog")
    assert (made.input_shape, made.num_samples, made.official) == ((8, 8, 3), 10, None)
    x, y = made.arrays()
    assert y.tolist() == [0] * 5 + [1] * 5
    assert x[:, 0, 0, 0].tolist() == [45, 46, 47, 48, 49, 40, 41, 42, 43, 44]
    files = made.files()
    assert files is not None
    assert (files.root, files.names[0], files.names[-1]) == (str(pets), "cat/0.png", "dog/4.png")
    assert made.groups() is None
    assert made.facts["files"].startswith("10 images of 20 x 30 pixels, made 8 x 8, rgb, bilinear")
    assert splits.counts == {"train": (3, 3), "val": (1, 1), "test": (1, 1)}
    assert (splits.class_weights, splits.facts) == ((1.0, 1.0), {})


def test_files_may_lie_deeper_and_behind_links(pets, prepare, pictures, tmp_path):
    pictures(tmp_path / "elsewhere", "new/a.png")
    (pets / "cat" / "more").symlink_to(tmp_path / "elsewhere")
    (pets / "cat" / "circle").symlink_to(pets)
    made, _ = prepare()
    files = made.files()
    assert files is not None
    assert "cat/more/new/a.png" in files.names
    assert made.num_samples == 11, "the circle is not walked"


@pytest.mark.parametrize("resplit", [False, True])
def test_official_sets_are_taken_unless_pooled(tmp_path, prepare, pictures, resplit):
    pictures(tmp_path / "pets", *PARTS, "val/cat/9.png", "val/dog/9.png")
    made, splits = prepare(resplit=resplit)
    assert made.official == (10, 2, 10)
    files = made.files()
    assert files is not None
    assert [files.names[k] for k in (0, 9, 10, 12, 21)] == [
        "train/cat/0.png",
        "train/dog/4.png",
        "val/cat/9.png",
        "test/cat/0.png",
        "test/dog/4.png",
    ]
    official = (np.arange(10), np.arange(10, 12), np.arange(12, 22))
    taken = [np.array_equal(*pair) for pair in zip((splits.train, splits.val, splits.test), official, strict=True)]
    assert all(taken) != resplit
    assert sorted(np.concatenate([splits.train, splits.val, splits.test])) == list(range(22))


def test_a_missing_official_set_is_taken_from_train(tmp_path, prepare, pictures):
    pictures(tmp_path / "pets", *PARTS)
    made, splits = prepare()
    assert made.official == (10, 0, 10)
    assert splits.test.tolist() == list(range(10, 20))
    assert splits.counts["val"] == (1, 1)
    shutil.rmtree(tmp_path / "pets" / "test")
    made, splits = prepare()
    assert made.official == (10, 0, 0)
    assert splits.counts == {"train": (3, 3), "val": (1, 1), "test": (1, 1)}


def test_a_zip_archive_is_read_in_place(pets, prepare, tmp_path):
    made, _ = prepare()
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as packed:
        for path in sorted(pets.rglob("*.png")):
            packed.write(path, path.relative_to(pets))
        packed.writestr("__MACOSX/cat/._0.png", b"no image")
        packed.writestr("cat/._0.png", b"no image")
    zipped, _ = prepare(root=str(tmp_path / "pets.zip"))
    assert zipped.checksum == made.checksum
    assert zipped.files() is None


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        ("^p[0-9]+", [0, 0, 1, 1, 0, 2]),  # All of the match: p1, p1, p2; p2, p1, p3.
        ("_([a-z])", [0, 1, 0, 0, 0, 1]),
    ],
)
def test_a_pattern_tells_groups(tmp_path, prepare, pictures, pattern, groups):
    names = ("cat/p1_a.png", "cat/p1_b.png", "cat/p2_a.png", "dog/p2_a.png", "dog/p1_a.png", "dog/p3_b.png")
    pictures(tmp_path / "pets", *names)
    chosen = {"group_pattern": pattern, "split_by": "sample", "test_split": 0.3, "val_split": 0.3}
    made, splits = prepare(**chosen)
    files, found = made.files(), made.groups()
    assert files is not None
    assert found is not None
    by_name = dict(zip(files.names, found.tolist(), strict=True))
    same = [by_name[name] for name in names]
    assert [[a == b for b in same] for a in same] == [[a == b for b in groups] for a in groups]
    assert "split by sample" in splits.facts["overlap"]


def test_identical_files_are_of_one_group(pets, prepare):
    (pets / "cat" / "4.png").write_bytes((pets / "cat" / "0.png").read_bytes())
    (pets / "dog" / "4.png").write_bytes((pets / "cat" / "0.png").read_bytes())
    made, _ = prepare()
    groups = made.groups()
    assert groups is not None
    assert groups.tolist() == [0, 1, 2, 3, 0, 4, 5, 6, 7, 0]
    assert made.facts["identical files"] == ("1 sets of byte-identical files, 3 files; 1 sets stand in several classes")


def test_what_cannot_be_read_is_named_or_left_out(pets, prepare):
    for number in range(3):
        (pets / "cat" / f"{number}.png").write_bytes(b"words")
    (pets / "dog" / "notes.txt").write_text("words")
    refused(
        prepare,
        r"^dataset\.root=.*pets: 4 of 11 files cannot be read as images: cat/0\.png \(not an image.*\), cat/1\.png .*"
        r"dog/notes\.txt.*; mend or remove them, or leave them out with dataset\.on_bad_file=skip$",
    )
    made, splits = prepare(on_bad_file="skip")
    assert made.num_samples == 7
    assert splits.counts["train"][1] > splits.counts["train"][0]
    named = made.facts["left out, damaged or no image"]
    assert [name in named for name in ("cat/0.png", "cat/2.png", "dog/notes.txt", "dog/0.png")] == [True] * 3 + [False]
    files = made.files()
    assert files is not None
    assert files.names[:2] == ("cat/3.png", "cat/4.png")


def test_only_the_first_bad_files_are_spelled_out(pets, prepare):
    for number in range(40):
        (pets / "cat" / f"bad{number:02}.png").write_bytes(b"words")
    refused(prepare, r"40 of 50 files .*bad04\.png \([^)]*\), and 35 more; mend")


def test_a_class_of_which_nothing_can_be_read_is_refused(pets, prepare):
    for path in (pets / "cat").iterdir():
        path.write_bytes(b"words")
    refused(prepare, r"no file of the class cat can be read: cat/0\.png \(", on_bad_file="skip")


def test_what_cannot_be_learnt_from_is_refused(tmp_path, prepare, pictures):
    root = tmp_path / "pets"
    refused(prepare, r"^dataset\.root=null: image_folder reads your own images; say dataset\.root=FOLDER", root=None)
    refused(prepare, r"^dataset\.root=.*pets: there is no such folder or zip archive$")
    root.mkdir()
    refused(prepare, "needs a folder for each of two classes or more, found none with a file in it")
    pictures(root, "cat/1.png")
    refused(prepare, "two classes or more, found only one, cat$")
    (root / "dog").mkdir()
    refused(prepare, "two classes or more, found only one, cat$")
    pictures(root, "cow/1.png", "cow/2.png")
    refused(prepare, "the folder dog is empty; fill it or remove it")
    (root / "dog").rmdir()
    pictures(root, "1.png", "2.png")
    refused(prepare, r"1\.png, 2\.png are in no folder of a class")
    path = tmp_path / "words.txt"
    path.write_text("words")
    refused(prepare, "is neither a folder nor a zip archive", root=str(path))


def test_folders_that_are_neither_sets_nor_classes_are_refused(tmp_path, prepare, pictures):
    root = pictures(tmp_path / "pets", *PARTS, "extra/cat/1.png")
    refused(prepare, "has test, train and beside them extra; leave there only train, val and test, or only")
    shutil.rmtree(root / "extra")
    shutil.rmtree(root / "train" / "dog")
    refused(prepare, "has no file of the class dog in train")
    shutil.rmtree(root / "train")
    refused(prepare, "has test but no train")


def test_train_may_be_a_class(tmp_path, prepare, pictures):
    pictures(tmp_path / "pets", *(f"{label}/{k}.png" for label in ("train", "bus") for k in range(5)))
    assert prepare()[0].classes == ("bus", "train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group_pattern": "("}, r"^dataset\.group_pattern=\(: is no regular expression \(missing \).*; such as"),
        (
            {"group_pattern": "^p[0-9]"},
            r"^dataset\.group_pattern=\^p\[0-9\]: finds nothing in the name of .*/cat/0\.png$",
        ),
        ({"on_bad_file": "skipp"}, r"^dataset\.on_bad_file: there is no 'skipp'; did you mean 'skip'\?"),
        ({"channels": None}, r"^dataset\.channels=null: say what all images shall have, grey or rgb$"),
        ({"channels": "gray"}, r"^dataset\.channels: there is no 'gray'"),
        ({"interpolation": "cubic"}, r"^dataset\.interpolation: there is no 'cubic'"),
        ({"size": 0}, r"^dataset\.size=0: must be"),
        ({"source": "synthetic"}, r"^dataset\.source: there is no 'synthetic'"),
        ({"resplit": "yes"}, r"^dataset\.resplit=yes: must be true or false$"),
        ({"split_by": "groups"}, r"^dataset\.split_by: there is no 'groups'"),
    ],
)
def test_wrong_options_are_named(pets, prepare, changes, message):
    refused(prepare, message, **changes)


def touch(root: Path) -> None:
    os.utime(root / "cat" / "0.png", ns=(1, 1))


def add(root: Path) -> None:
    (root / "cat" / "z.png").write_bytes((root / "cat" / "0.png").read_bytes())


def remove(root: Path) -> None:
    (root / "cat" / "0.png").unlink()


def rename(root: Path) -> None:
    (root / "cat" / "0.png").rename(root / "cat" / "00.png")


@pytest.mark.parametrize("change", [touch, add, remove, rename])
def test_a_change_of_the_files_is_seen(pets, prepare, change):
    first, _ = prepare()
    again, _ = prepare()
    assert again == first
    change(pets)
    assert prepare()[0].folder != first.folder


@pytest.mark.parametrize(
    "changes",
    [{"size": 9}, {"channels": "grey"}, {"interpolation": "box"}, {"on_bad_file": "skip"}, {"group_pattern": "."}],
)
def test_a_change_of_an_option_is_seen(pets, prepare, changes):
    assert prepare()[0].folder != prepare(**changes)[0].folder


def test_opening_what_is_prepared_reads_no_image(pets, prepare, monkeypatch):
    first, _ = prepare()

    def never(*_args, **_more):
        raise AssertionError("decoded again")

    monkeypatch.setattr(images, "decode_all", never)
    monkeypatch.setattr("bench.datasets.folders.Folder.read", never)
    assert prepare()[0] == first


def test_nothing_is_left_of_what_failed(pets, prepare, cache_root):
    (pets / "cat" / "0.png").write_bytes(b"words")
    refused(prepare, "1 of 10 files cannot be read")
    assert [path for path in cache_root.iterdir() if path.suffix != ".lock"] == []


def prepare_in_a_process(chosen, said) -> None:
    made = datasets.prepare(chosen)
    said.put((str(made.folder), made.checksum, made.num_samples))


def test_two_processes_that_start_together_make_it_once(tmp_path, options, pictures, cache_root):
    root = pictures(tmp_path / "pets", *(f"{label}/{k}.png" for label in "ab" for k in range(150)), size=(100, 100))
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    chosen = options("image_folder", root=str(root), size=32)
    both = [context.Process(target=prepare_in_a_process, args=(chosen, said)) for _ in range(2)]
    for process in both:
        process.start()
    words = [said.get(timeout=60), said.get(timeout=60)]
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    assert words[0] == words[1]
    assert [str(path) for path in cache_root.iterdir() if path.is_dir()] == [words[0][0]]
    made = datasets.prepare(chosen)
    assert (made.checksum, made.num_samples) == words[0][1:] == (made.checksum, 300)


def test_one_folder_around_everything_is_looked_into(tmp_path, prepare, pictures):
    pictures(tmp_path / "around", *(f"pets/{label}/{k}.png" for label in ("cat", "dog") for k in range(6)))
    made, _ = prepare(root=str(tmp_path / "around"))
    assert made.classes == ("cat", "dog")
    pictures(
        tmp_path / "sets", *(f"pets/{part}/{c}/{k}.png" for part in ("train", "test") for c in "ab" for k in range(6))
    )
    made, _ = prepare(root=str(tmp_path / "sets"))
    assert (made.classes, made.official) == (("a", "b"), (12, 0, 12))


@pytest.mark.parametrize("names", [("train", "validation"), ("Train", "Test"), ("training", "testing")])
def test_folders_that_look_like_splits_are_no_classes(tmp_path, prepare, pictures, names):
    pictures(tmp_path / "sets", *(f"{part}/{label}/{k}.png" for part in names for label in "ab" for k in range(6)))
    with pytest.raises(RequestError, match="look like splits, not like classes; name them train, val and test"):
        prepare(root=str(tmp_path / "sets"))


def test_a_class_that_only_the_test_set_has_is_learnt_where_all_are_pooled(tmp_path, prepare, pictures):
    names = [f"train/{label}/{k}.png" for label in "ab" for k in range(6)] + [f"test/c/{k}.png" for k in range(6)]
    pictures(tmp_path / "sets", *names, *(f"test/{label}/{k}.png" for label in "ab" for k in range(3)))
    with pytest.raises(RequestError, match=r"has no file of the class c in train; .* or say dataset\.resplit=true"):
        prepare(root=str(tmp_path / "sets"))
    made, _ = prepare(root=str(tmp_path / "sets"), resplit=True)
    assert made.classes == ("a", "b", "c")


def test_a_folder_that_may_not_be_read_is_named(pets, prepare, monkeypatch):
    def refuse(folder, *_):
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(folders, "_walk", refuse)
    with pytest.raises(RequestError, match=r"^dataset\.root=.* cannot be read \(Permission denied\)$"):
        prepare()
