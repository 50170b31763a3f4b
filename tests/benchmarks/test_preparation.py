"""Preparing image files: images per second beside torchvision's ImageFolder and Keras's image_dataset_from_directory.

Each side in a process of its own, over the same files, in turn; what is clocked is one pass over all files, without the
start of Python and the import of the framework. Ours clocks all of `bench.datasets.prepare`: decoding, writing,
checksum. With ``PARALLAX_TEST_DATA`` the X-rays in ``chest_xray/train`` are read, otherwise as many generated files of
that kind.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.results.stats import paired_ratio

ROOT = Path(__file__).parents[2]
PAIRS = int(os.environ.get("PARALLAX_BENCHMARK_PAIRS", "5"))
WORKERS = len(os.sched_getaffinity(0))
FEW, MANY = 300, 5000
"""Generated files: originals of 1600 x 1200, and small ones."""

OURS = """
import os, sys, tempfile, time
root, size = sys.argv[1], int(sys.argv[2])
with tempfile.TemporaryDirectory(dir=sys.argv[3]) as cache:
    os.environ["PARALLAX_CACHE"] = cache
    import numpy, PIL.Image, filelock
    from bench import datasets
    options = dict(name="image_folder", source="official", root=root, group_pattern=None, size=size,
                   interpolation="bilinear", channels="rgb", on_bad_file="error", scaling="unit", resplit=False,
                   split_by="group", test_split=0.2, val_split=0.2, split_seed=0, subset=None)
    begin = time.perf_counter()
    made = datasets.prepare(options)
    print(made.num_samples / (time.perf_counter() - begin))
"""
TORCHVISION = """
import sys, time
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
if __name__ == "__main__":
    size, workers = int(sys.argv[2]), int(sys.argv[4])
    steps = transforms.Compose([transforms.Resize((size, size)), transforms.PILToTensor()])
    begin, number = time.perf_counter(), 0
    for x, y in DataLoader(datasets.ImageFolder(sys.argv[1], steps), batch_size=64, num_workers=workers):
        number += len(x)
    print(number / (time.perf_counter() - begin))
"""
KERAS = """
import sys, time
import keras
size = int(sys.argv[2])
begin, number = time.perf_counter(), 0
for x, y in keras.utils.image_dataset_from_directory(
    sys.argv[1], image_size=(size, size), batch_size=64, shuffle=False, verbose=False
):
    number += len(x)
print(number / (time.perf_counter() - begin))
"""


def speed(program: str, root: Path, size: int, folder: Path) -> float:
    """Return images per second of one pass in a fresh process."""
    script = folder / "side.py"
    script.write_text(program)
    quiet = {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, str(script), str(root), str(size), str(folder), str(WORKERS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | quiet)
    return float(done.stdout.splitlines()[-1])


def write(root: Path, number: int, height: int, width: int) -> Path:
    """Write JPEGs of two classes that are as smooth, and so as large, as X-rays."""
    draw = np.random.default_rng(0)
    for k in range(number):
        folder = root / ("normal" if k % 2 else "pneumonia")
        folder.mkdir(parents=True, exist_ok=True)
        rough = Image.fromarray(draw.integers(0, 256, (12, 16, 3)).astype(np.uint8))
        smooth = np.asarray(rough.resize((width, height), Image.Resampling.BICUBIC), np.int16)
        noisy = smooth + draw.integers(-6, 7, (height, width, 1), np.int16)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / f"{k}.jpeg", quality=90)
    return root


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """The X-rays at 224 x 224, real or generated."""
    real = os.environ.get("PARALLAX_TEST_DATA")
    if real and Path(real, "chest_xray", "train").is_dir():
        return Path(real, "chest_xray", "train")
    return write(tmp_path_factory.mktemp("small"), MANY, 224, 224)


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("large"), FEW, 1200, 1600)


def compare(benchmark, root: Path, size: int, folder: Path):
    """Return the ratios of our images per second to those of (torchvision, Keras), each with its interval."""
    sides = (OURS, TORCHVISION, KERAS)
    for side in sides:  # Files into the page cache, bytecode onto the disk.
        speed(side, root, size, folder)

    def turns() -> list[list[float]]:
        found = []
        for turn in range(PAIRS):
            order = sides if turn % 2 == 0 else sides[::-1]
            speeds = {side: speed(side, root, size, folder) for side in order}
            found.append([speeds[side] for side in sides])
        return found

    ours, torchvision, keras = zip(*benchmark.pedantic(turns, rounds=1), strict=True)
    ratios = paired_ratio(ours, torchvision), paired_ratio(ours, keras)
    for name, ratio in zip(("torchvision", "keras"), ratios, strict=True):
        benchmark.extra_info[f"parallax ÷ {name}"] = f"{ratio.estimate:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    each = ", ".join(f"{np.median(side):.0f}" for side in (ours, torchvision, keras))
    benchmark.extra_info["images per second: parallax, torchvision, keras"] = each
    print(size, benchmark.extra_info)
    return ratios


@pytest.mark.parametrize("size", [224, 64])
def test_x_rays_are_prepared_as_fast_as_torchvision_reads_them(benchmark, small, tmp_path, size):
    torchvision, keras = compare(benchmark, small, size, tmp_path)
    assert torchvision.estimate >= 1
    assert keras.estimate >= 0.5


@pytest.mark.parametrize("size", [224, 64])
def test_large_originals_are_prepared_as_fast_as_by_the_faster_of_both(benchmark, large, tmp_path, size):
    torchvision, keras = compare(benchmark, large, size, tmp_path)
    assert min(torchvision.estimate, keras.estimate) >= 1
