"""What surrounds a run beside the machine: the revision of the code, and variables that change speed."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

SPEED = (
    "OMP_", "MKL_", "KMP_", "GOMP_", "OPENBLAS_", "BLIS_", "ONEDNN_", "DNNL_", "TF_", "XLA_", "TORCH", "PYTORCH_",
    "ATEN_", "TRITON_", "KERAS_", "CUDA_", "CUBLAS_", "CUDNN_", "NVIDIA_", "NCCL_", "MALLOC_", "LD_PRELOAD",
)  # fmt: skip
"""Beginnings of the names of variables that change speed."""

TERRAFORM = (
    "TF_CLI_",
    "TF_VAR_",
    "TF_DATA_DIR",
    "TF_WORKSPACE",
    "TF_PLUGIN_",
    "TF_IN_AUTOMATION",
    "TF_INPUT",
    "TF_LOG",
)
"""Another program's, whose names begin as TensorFlow's do."""

SECRET = re.compile("KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH", re.IGNORECASE)
"""What a name has whose value nobody should find in a report."""

SIGNED_URL = re.compile(r"://[^/\s]*@")


@contextmanager
def unchanged() -> Iterator[None]:
    """Undo what the body does to this process's variables.

    scikit-learn sets some of OpenMP's where it is imported, which it is when its data are prepared and not when they
    are there: children would find another environment the first time.
    """
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def variables() -> dict[str, str]:
    """Return the variables of this environment that change speed, by name; what may be secret is left out."""
    return {
        name: value[:500]
        for name, value in sorted(os.environ.items())
        if name.startswith(SPEED) and not name.startswith(TERRAFORM)
        if not SECRET.search(name) and not SIGNED_URL.search(value)
    }


def revisions() -> dict[str, Any]:
    """Return the git revision of Parallax's own checkout, and of the working directory where that is another one."""
    own = _revision(ROOT, whole=True)
    here = _revision(Path.cwd())
    found = {"parallax": own, "working_directory": None if here == own else here}
    return {name: revision for name, revision in found.items() if revision}


def _revision(folder: Path, *, whole: bool = False) -> str | None:
    """Return commit and state of a checkout: "4d9d03d… (changed: 1f2e3d4)"; None outside of one.

    With `whole`, `folder` must be its top: what is installed below somebody's checkout is no part of it.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    commit = _git(folder, "rev-parse", "HEAD")
    if not top or not commit or (whole and Path(top).resolve() != folder):
        return None
    # Untracked files are not looked for: a folder of data may hold millions.
    changes = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-color")
    if changes is None:
        return f"{commit} (state unknown)"
    # Two edits of one commit are two revisions.
    return f"{commit} (changed: {hashlib.sha256(changes.encode()).hexdigest()[:7]})" if changes else commit


def _git(folder: Path, *command: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *command],
            cwd=folder,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},  # a look must not write into somebody's checkout
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
