"""Device, threads and precision of the process."""

from __future__ import annotations

import os
import re
from typing import Any

import torch

from frameworks.torch.precision import use

_configured = False


def configure(settings: dict[str, Any], precision: str, device: str) -> None:
    """Set thread pools and switches (once a process) and the floating-point type of what is built next."""
    global _configured
    if not _configured:
        threads = settings["threads"]
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(threads)
        # TensorFlow takes TF32 for float32 where a GPU has it, PyTorch for convolutions: here it is asked for, or off.
        torch.backends.cuda.matmul.allow_tf32 = settings.get("tf32", False)
        torch.backends.cudnn.allow_tf32 = settings.get("tf32", False)
        if settings.get("deterministic"):
            torch.use_deterministic_algorithms(True)
            torch.backends.cudnn.benchmark = False
            deterministic: Any = torch.utils.deterministic
            deterministic.fill_uninitialized_memory = False  # it writes what nobody reads
        _configured = True
    use(precision)


def scope(device: str) -> torch.device:
    """Return the device on which a room places what it makes."""
    return torch.device("cuda" if device == "gpu" else "cpu")


def synchronize(device: torch.device) -> None:
    """Return when the device has done all it was given; on a CPU an operation's call returns when it is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def environment(device: torch.device) -> dict[str, Any]:
    """Return versions, device, threads and build flags in force."""
    gpu = device.type == "cuda"
    built = torch.__config__.show()
    return {
        "framework": f"PyTorch {torch.__version__}",
        "versions": {"torch": torch.__version__},
        "device": "gpu" if gpu else "cpu",
        "device_name": torch.cuda.get_device_name(device) if gpu else "CPU",
        "threads": torch.get_num_threads(),
        "threads_inter_op": torch.get_num_interop_threads(),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS", ""),
        "compiler": _found(r"^ *- ((?:GCC|clang|MSVC).*)$", built),
        "blas": _found(r"\bBLAS_INFO=([^,\s]*)", built),
        "lapack": _found(r"\bLAPACK_INFO=([^,\s]*)", built),
        "mkl": torch.backends.mkl.is_available(),
        "onednn": torch.backends.mkldnn.is_available(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cuda_build": torch.version.cuda or "",
        "cudnn_build": _found(r"\bCUDNN_VERSION=([^,\s]*)", built),  # asking cuDNN itself would load it
        "rocm_build": torch.version.hip or "",
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "tf32": torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32,
    }


def memory(device: torch.device) -> dict[str, int]:
    """Return the most bytes of device memory that PyTorch's allocator held in use."""
    return {"framework_device": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {}


def _found(pattern: str, text: str) -> str:
    """Return what stands in the text, or nothing."""
    match = re.search(pattern, text, re.MULTILINE | re.IGNORECASE)
    return match[1].strip() if match else ""


def gpu_available() -> bool:
    """Return whether this build sees a GPU."""
    return torch.cuda.is_available()
