"""The chest X-rays: every layout they come in, their classes, their patients, and what is not as published."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench import datasets
from bench.datasets import chest_xray
from bench.errors import RequestError

REAL = os.environ.get("PARALLAX_TEST_DATA")
NAMES = [
    *(f"train/NORMAL/IM-{k:04}-0001.jpeg" for k in range(1, 11)),
    *(f"train/NORMAL/NORMAL2-IM-{k:04}-0001-0002.jpeg" for k in range(9, 13)),
    *(f"train/PNEUMONIA/person{k // 2}_bacteria_{k}.jpeg" for k in range(20, 48)),
    *(f"train/PNEUMONIA/person{k // 2}_virus_{k}.jpeg" for k in range(20, 32)),
    *(f"val/NORMAL/NORMAL2-IM-{k}-0001.jpeg" for k in (1427, 1430)),
    *(f"val/PNEUMONIA/person{k}_bacteria_4{k}.jpeg" for k in (1946, 1947)),
    *(f"test/NORMAL/IM-{k:04}-0001.jpeg" for k in (101, 103)),
    *(f"test/PNEUMONIA/person{k}_bacteria_3{k}.jpeg" for k in (78, 80)),
    *(f"test/PNEUMONIA/person{k}_virus_{k + 5}.jpeg" for k in (1, 3)),
]
"""As the real ones are named."""


@pytest.fixture
def rays(tmp_path, pictures) -> Path:
    return pictures(tmp_path / "data" / "chest_xray", *NAMES, mode="L")


@pytest.fixture
def prepare(options, tmp_path):
    def make(**changes):
        chosen = options("pneumonia", **{"root": str(tmp_path / "data"), "size": 8, **changes})
        made = datasets.prepare(chosen)
        return made, datasets.split(made, chosen)

    return make


def labels(made: datasets.Prepared) -> dict[str, str]:
    files = made.files()
    assert files is not None
    return {name.rsplit("/", 1)[-1]: made.classes[y] for name, y in zip(files.names, made.arrays()[1], strict=True)}


def test_three_classes_by_the_file_names(rays, prepare):
    made, splits = prepare()
    assert (made.task, made.classes) == ("classification", ("normal", "bacteria", "virus"))
    assert (made.input_shape, made.num_samples, made.official) == ((8, 8, 1), len(NAMES), (54, 4, 6))
    found = labels(made)
    assert found["IM-0001-0001.jpeg"] == found["NORMAL2-IM-1427-0001.jpeg"] == "normal"
    assert found["person10_bacteria_20.jpeg"] == found["person1946_bacteria_41946.jpeg"] == "bacteria"
    assert found["person10_virus_20.jpeg"] == found["person1_virus_6.jpeg"] == "virus"
    whole = np.sum([splits.counts[name] for name in ("train", "val", "test")], axis=0)
    assert whole.tolist() == [18, 32, 14]
    assert made.licence == "CC BY 4.0"
    assert "Kermany" in made.citation


def test_two_classes_in_one_output(rays, prepare):
    made, splits = prepare(classes="binary")
    assert (made.task, made.classes) == ("binary", ("normal", "pneumonia"))
    assert labels(made)["person10_virus_20.jpeg"] == "pneumonia"
    assert np.sum(list(splits.counts.values()), axis=0).tolist() == [18, 46]


def test_the_same_from_the_folder_its_parent_and_an_archive(rays, prepare, tmp_path):
    made, _ = prepare()
    inside, _ = prepare(root=str(rays))
    assert inside.checksum == made.checksum
    # As Kaggle packs it: everything twice, and macOS's shadow of it.
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as packed:
        for name in NAMES:
            packed.write(rays / name, f"chest_xray/{name}")
            packed.write(rays / name, f"chest_xray/chest_xray/{name}")
            packed.writestr(f"chest_xray/__MACOSX/{name}", b"no image")
            packed.writestr(f"chest_xray/{Path(name).parent}/._{Path(name).name}", b"no image")
        packed.writestr("chest_xray/.DS_Store", b"")
    zipped, _ = prepare(root=str(tmp_path / "archive.zip"))
    assert zipped.checksum == made.checksum
    assert zipped.files() is None
    assert zipped.facts["left out"] == f"{len(NAMES)} files outside the folders that are read"
    shutil.copytree(rays, rays / "chest_xray")
    doubled, _ = prepare(root=str(rays))
    assert doubled.checksum == made.checksum


def test_already_sorted_by_class(rays, prepare, tmp_path, pictures):
    sorted_by_class = tmp_path / "sorted"
    for name in NAMES:
        kind = "normal" if "NORMAL" in name else "virus" if "virus" in name else "bacteria"
        (sorted_by_class / kind).mkdir(parents=True, exist_ok=True)
        shutil.copy2(rays / name, sorted_by_class / kind)
    made, splits = prepare(root=str(sorted_by_class))
    assert (made.official, made.num_samples) == (None, len(NAMES))
    assert labels(made) == labels(prepare()[0])
    assert sum(map(sum, splits.counts.values())) == len(NAMES)


def test_what_lies_outside_the_sets_is_left_out(rays, prepare, pictures):
    before, _ = prepare()
    pictures(rays, "normal/IM-9999-0001.jpeg", "extra/NORMAL/IM-9998-0001.jpeg", "notes/a.png")
    after, _ = prepare()
    assert after.checksum == before.checksum
    assert after.facts["left out"] == "3 files outside the folders that are read"


def test_the_folders_as_splits(rays, prepare):
    made, splits = prepare(resplit=False)
    assert splits.test.tolist() == list(range(58, 64))
    assert splits.val.tolist() == list(range(54, 58))
    assert splits.counts["train"] == (14, 28, 12)
    shutil.rmtree(rays / "val")
    made, splits = prepare(resplit=False)
    groups = made.groups()
    assert groups is not None
    assert splits.test.tolist() == list(range(54, 60))
    assert not set(groups[splits.train]) & set(groups[splits.val])


def test_a_patient_stands_on_one_side(rays, prepare):
    made, splits = prepare()
    groups, files = made.groups(), made.files()
    assert groups is not None
    assert files is not None
    by_name = {name.rsplit("/", 1)[-1]: group for name, group in zip(files.names, groups, strict=True)}
    assert by_name["person10_bacteria_20.jpeg"] == by_name["person10_bacteria_21.jpeg"]
    assert by_name["person10_bacteria_20.jpeg"] == by_name["person10_virus_21.jpeg"], "perhaps the same person"
    assert by_name["IM-0010-0001.jpeg"] == by_name["NORMAL2-IM-0010-0001-0002.jpeg"]
    assert by_name["person10_bacteria_20.jpeg"] != by_name["IM-0010-0001.jpeg"]
    sides = [set(groups[part]) for part in (splits.train, splits.val, splits.test)]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    assert "by the number in the file name" in made.facts["patients"]
    naive_made, naive = prepare(split_by="sample")
    assert naive_made.folder == made.folder
    naive_sides = [set(groups[part]) for part in (naive.train, naive.val, naive.test)]
    divided = sum(sum(group in side for side in naive_sides) > 1 for group in set(groups))
    assert divided > 0
    assert splits.facts["overlap avoided"].startswith(
        f"a split by sample would have had {divided} of {len(set(groups))} "
    )
    assert naive.facts["overlap"].startswith(
        f"split by sample: {divided} of {len(set(groups))} groups are on two sides"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train/PNEUMONIA/person1946_bacteria_4874.jpeg", "person 1946"),
        ("person1277_virus_2118_1.jpeg", "person 1277"),
        ("IM-0115-0001.jpeg", "study 115"),
        ("NORMAL2-IM-0381-0001-0002.jpeg", "study 381"),
        ("person_x.jpeg", None),
        ("scan7.jpeg", None),
    ],
)
def test_what_a_name_tells(name, expected):
    assert chest_xray.person(name) == expected


def test_what_differs_from_the_published_set_stands_beside_every_accuracy(rays, prepare, pictures):
    made, _ = prepare()
    assert made.note == (
        "not the published files: 18 + 32 + 14 images instead of 1,583 + 2,780 + 1,493, "
        "all of 20 x 30 pixels, where each has its own size"
    )
    pictures(rays, "train/NORMAL/IM-0001-0001.jpeg", size=(21, 30), mode="L")
    assert prepare()[0].note.endswith("instead of 1,583 + 2,780 + 1,493")
    assert chest_xray.difference([1583, 2780, 1493], {(1, 2), (2, 2)}) == ""
    assert chest_xray.difference([1583, 4273], {(1, 2), (2, 2)}) == ""


def test_a_stand_in_of_the_same_counts(prepare):
    made, splits = prepare(root=None, source="synthetic", resplit=False)
    assert made.synthetic
    assert (made.num_samples, made.official, made.input_shape) == (5856, (5216, 16, 624), (8, 8, 1))
    assert splits.counts == {"train": (1341, 2530, 1345), "val": (8, 8, 0), "test": (234, 242, 148)}
    assert made.note.startswith("synthetic stand-in: accuracies say nothing about")
    assert made.title.startswith("synthetic stand-in for")
    pooled, splits = prepare(root=None, source="synthetic", channels="rgb", classes="binary")
    assert (pooled.input_shape, pooled.task) == ((8, 8, 3), "binary")
    assert np.sum(list(splits.counts.values()), axis=0).tolist() == [1583, 4273]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"root": None},
            r"^dataset\.root=null: .*kaggle\.com/datasets/paultimothymooney/chest-xray-pneumonia .*account",
        ),
        ({"root": None}, r"data\.mendeley\.com/datasets/rscbjbr9sj .*dataset\.source=synthetic.*dataset=digits"),
        ({"root": "/nowhere/x"}, r"^dataset\.root=/nowhere/x: there is no such folder or"),
        ({"source": "synthetic"}, r"^dataset\.root=.* beside dataset\.source=synthetic: say only one place"),
        ({"root": None, "source": "synthetic", "size": None}, r"^dataset\.size=null: made-up images have no size"),
        ({"classes": "four"}, r"^dataset\.classes: there is no 'four'.*\(there are: binary, three\)"),
        ({"test_split": 0}, r"^dataset\.test_split=0: must be a fraction"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, prepare, changes, message):
    with pytest.raises(RequestError, match=message) as caught:
        prepare(**changes)
    assert "\n" not in str(caught.value)


def test_folders_that_are_not_those_of_the_set(tmp_path, options, prepare, pictures):
    root = pictures(tmp_path / "data", "cats/1.png")
    for names, message in (
        ([], r"expected the folders train and test, each with NORMAL and PNEUMONIA, or the folders normal"),
        (["test/NORMAL/IM-0001-0001.jpeg"], "has test but no train"),
        (["train/NORMAL/IM-0002-0001.jpeg"], "has no images of bacteria and virus"),
        (["train/PNEUMONIA/scan.jpeg"], "the names of 1 files do not tell bacteria from virus, such as train/PNEUMO"),
        (["train/PNEUMONIA/person1_virus_or_bacteria_2.jpeg"], "the names of 2 files do not tell"),
    ):
        pictures(root, *names)
        with pytest.raises(RequestError, match=message):
            prepare()
    assert datasets.prepare(options("pneumonia", root=str(root), classes="binary")).num_samples == 4
    shutil.rmtree(root)
    for name in ("a", "b"):
        pictures(root, f"{name}/train/NORMAL/IM-0001-0001.jpeg")
    with pytest.raises(RequestError, match="has X-rays in a and b; name one of them"):
        prepare()


@pytest.mark.skipif(
    REAL is None or not Path(REAL, "chest_xray").is_dir(), reason="PARALLAX_TEST_DATA has no chest_xray"
)
def test_the_real_ones(prepare):
    made, splits = prepare(root=REAL, size=16)
    assert made.num_samples == sum(map(sum, splits.counts.values()))
    groups = made.groups()
    assert groups is not None
    sides = [set(groups[part]) for part in (splits.train, splits.val, splits.test)]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    whole = np.bincount(made.arrays()[1])
    for name, share in (("test", 0.2), ("val", 0.2), ("train", 0.6)):
        assert np.abs(np.array(splits.counts[name]) - share * whole).max() < 3
    assert "sets of byte-identical files" in made.facts["identical files"]
