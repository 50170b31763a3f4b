from __future__ import annotations

import shutil

import pytest
from PIL import Image

from bench import pipelines
from bench.errors import RequestError
from frameworks.augment import active


def test_the_default_is_memory_without_augmentation(plan_of):
    config = plan_of().config
    assert config["pipeline"]["name"] == "memory"
    assert active(config["pipeline"]["augment"]) == {}


def test_what_is_on_is_told_from_what_is_off(plan_of):
    config = plan_of("pipeline.augment.flip=horizontal", "pipeline.augment.rotation=15").config
    assert active(config["pipeline"]["augment"]) == {"flip": "horizontal", "rotation": 15}


@pytest.mark.parametrize(
    ("said", "same"),
    [("pipeline=memory", True), ("pipeline=device", True), ("pipeline.augment.flip=both", False)],
)
def test_only_without_changes_of_their_own_do_both_get_the_same_numbers(plan_of, said, same):
    assert pipelines.is_same(plan_of(said).config["pipeline"]) is same


def test_decoders_of_their_own_do_not_give_the_same_numbers(plan_of):
    assert not pipelines.is_same({**plan_of().config["pipeline"], "name": "files"})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("pipeline=tfrecord", "pipeline=tfrecord: contender 'torch' (torch) has no such pipeline (it has: memory,"),
        ("pipeline=files", "pipeline=files: scikit-learn's handwritten digits has no image files"),
        (
            "pipeline=device pipeline.workers=0",
            "pipeline.workers=0: pipeline=device reads nothing ahead; leave it null",
        ),
        ("pipeline=tfrecord framework=tf dataset=diabetes", "pipeline=tfrecord: keeps images, and"),
        ("pipeline.augment.rotation=270", "pipeline.augment.rotation=270.0: must be at most 180"),
        ("pipeline.augment.zoom=1", "pipeline.augment.zoom=1.0: must be at most 0.9"),
        ("pipeline.augment.crop=9", "pipeline.augment.crop=9: must be at most the image's own size, 8 x 8"),
        ("pipeline.augment.flip=vertical dataset=diabetes", "pipeline.augment.flip=vertical: changes images, and"),
    ],
)
def test_what_cannot_be_delivered_is_refused(plan_of, said, message):
    with pytest.raises(RequestError) as refused:
        plan_of(*said.split())
    assert message in str(refused.value)


def test_the_pipeline_is_part_of_the_work(plan_of):
    assert plan_of().content() != plan_of("pipeline=device").content()


def test_the_number_of_workers_is_not(plan_of):
    assert plan_of().content() == plan_of("pipeline.workers=2").content()


@pytest.fixture
def folder(tmp_path):
    """Images of two classes in a folder of the user's own, of which one ends in .tiff."""
    for label in "ab":
        (tmp_path / "own" / label).mkdir(parents=True)
        for k in range(10):
            ending = "tiff" if (label, k) == ("b", 7) else "png"
            Image.new("RGB", (9, 9), (10 * k, 0, 0)).save(tmp_path / "own" / label / f"{k}.{ending}")
    return tmp_path / "own"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "dataset.interpolation=lanczos",
            "dataset.interpolation=lanczos: contender 'tf' resizes files by nearest, bilinear",
        ),
        ("framework=torch", "pipeline=files: contender 'torch' reads .jpg .jpeg .png .gif .webp and not b/7.tiff"),
    ],
)
def test_files_that_a_contender_cannot_read_are_refused(plan_of, folder, said, message):
    with pytest.raises(RequestError) as refused:
        plan_of("pipeline=files", "dataset=image_folder", f"dataset.root={folder}", "train.batch_size=4", said)
    assert message in str(refused.value)


def test_files_in_a_zip_must_be_unpacked(plan_of, folder, tmp_path):
    shutil.make_archive(str(tmp_path / "own"), "zip", folder)
    with pytest.raises(RequestError, match="those in a zip must be unpacked"):
        plan_of("pipeline=files", "dataset=image_folder", f"dataset.root={tmp_path}/own.zip", "train.batch_size=4")


def test_files_that_can_be_read_are_not_refused(plan_of, folder):
    (folder / "b/7.tiff").unlink()
    plan = plan_of("pipeline=files", "dataset=image_folder", f"dataset.root={folder}", "train.batch_size=4")
    assert plan.planes is not None
