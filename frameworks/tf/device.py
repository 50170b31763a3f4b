"""Device, threads and precision of the process."""

from __future__ import annotations

import os
from typing import Any

import keras
import tensorflow as tf

from frameworks.tf.precision import use

_configured = False
_waits = False
"""Whether there is a GPU to wait for; asked once, for a clock reads what it takes to ask."""


def configure(settings: dict[str, Any], precision: str, device: str) -> None:
    """Set thread pools and switches (once a process) and the floating-point type of what is built next."""
    global _configured, _waits
    if not _configured:
        threads = settings["threads"]
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        # TensorFlow takes TF32 for float32 where a GPU has it, PyTorch for convolutions: here it is asked for, or off.
        tf.config.experimental.enable_tensor_float_32_execution(settings.get("tf32", False))
        if settings.get("deterministic"):
            tf.config.experimental.enable_op_determinism()
        _waits = bool(tf.config.get_visible_devices("GPU"))
        _configured = True
    use(precision)


def scope(device: str) -> Any:
    """Return the context in which a room of this device places what it makes."""
    return tf.device("/GPU:0" if device == "gpu" else "/CPU:0")


def synchronize() -> None:
    """Return when the device has done all it was given; on a CPU a function's call returns when it is done."""
    if _waits:
        tf.test.experimental.sync_devices()


def environment() -> dict[str, Any]:
    """Return versions, device, threads and build flags in force."""
    gpus = tf.config.get_visible_devices("GPU")
    build = tf.sysconfig.get_build_info()
    return {
        "framework": f"TensorFlow {tf.__version__} / Keras {keras.__version__}",
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        "device": "gpu" if gpus else "cpu",
        "device_name": tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else "CPU",
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "threads_inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS", ""),
        "compiler": tf.version.COMPILER_VERSION,
        # The wheels have no BLAS: Eigen multiplies, with oneDNN's kernels where that is in force.
        "blas": "Eigen with oneDNN" if _onednn() else "Eigen",
        "lapack": "Eigen",
        "mkl": False,
        "onednn": _onednn(),
        "cpu_capability": "",  # chosen kernel by kernel, and told nowhere
        "cuda_build": str(build.get("cuda_version", "")),
        "cudnn_build": str(build.get("cudnn_version", "")),
        "rocm_build": str(build.get("rocm_version", "")),
        "deterministic": _deterministic(),
        "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
    }


def _onednn() -> bool:
    """Return whether oneDNN is built in and not switched off."""
    from tensorflow.python.util import _pywrap_util_port

    return bool(_pywrap_util_port.IsMklEnabled()) and os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0"


def _deterministic() -> bool:
    from tensorflow.python.framework import config

    return bool(config.is_op_determinism_enabled())


def memory() -> dict[str, int]:
    """Return the most bytes of device memory that TensorFlow's allocator held in use."""
    if not tf.config.get_visible_devices("GPU"):
        return {}
    return {"framework_device": int(tf.config.experimental.get_memory_info("GPU:0")["peak"])}


def gpu_available() -> bool:
    """Return whether this build sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))
