"""NVIDIA's management library (NVML) as the agent asks it: an answer, "there is none", or a GPU or driver that is gone.

The `pynvml` module of the package nvidia-ml-py is loaded only where the driver's own library is, so that an agent on a
machine without one stays 5 MB smaller. Nothing here starts a driver or changes a setting of a GPU.
"""

import ctypes
import importlib
from typing import Any

DRIVER_LIBRARY = "libnvidia-ml.so.1"
"""Comes with the driver, never with a Python package."""

# Names of NVML's error codes, by what they mean for whoever asked.
_LOST = ("GPU_IS_LOST", "RESET_REQUIRED", "GPU_NOT_FOUND")
_AWAY = ("UNINITIALIZED", "DRIVER_NOT_LOADED", "LIB_RM_VERSION_MISMATCH", "LIBRARY_NOT_FOUND")
# Asked once more at the next discovery: a mode (MIG, ECC) may have changed by then.
_NEVER = (
    *("NOT_SUPPORTED", "FUNCTION_NOT_FOUND", "NO_PERMISSION", "INVALID_ARGUMENT", "ARGUMENT_VERSION_MISMATCH"),
    *("DEPRECATED", "VGPU_ECC_NOT_SUPPORTED", "FREQ_NOT_SUPPORTED"),
)


class GpuLost(RuntimeError):
    """The GPU does not answer: it fell off the bus, or needs a reset."""


class DriverAway(RuntimeError):
    """The driver does not answer: it was unloaded or replaced."""


def load_module() -> Any | None:
    """The `pynvml` module; None where this machine has no NVIDIA driver. Raises DriverAway without the package."""
    try:
        ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        return None
    try:
        return importlib.import_module("pynvml")
    except ImportError as problem:
        raise DriverAway(
            f"the package nvidia-ml-py is not installed: {problem}; try pip install nvidia-ml-py"
        ) from None


class Library:
    """An open NVML. `ask` never raises for what a GPU cannot do."""

    def __init__(self, module: Any) -> None:
        """Open it. Raises DriverAway where the driver does not answer."""
        self.module = module
        self._unsupported: set[tuple[str, str]] = set()
        self._lost, self._away, self._never = (
            frozenset(getattr(module, f"NVML_ERROR_{name}", None) for name in names) for names in (_LOST, _AWAY, _NEVER)
        )
        try:
            module.nvmlInit()
        except module.NVMLError as problem:
            raise DriverAway(str(problem)) from None

    def constant(self, name: str) -> int | None:
        """One of NVML's constants; None where this version has it not."""
        value = getattr(self.module, name, None)
        return value if isinstance(value, int) else None

    def ask(self, of: str, function: str, *arguments: Any) -> Any | None:
        """What `function` answers about the device known as `of`; None where it has no answer.

        A function that this device does not support is not called again until `forget`. Raises GpuLost or DriverAway.
        """
        call = getattr(self.module, function, None)
        if call is None or (of, function) in self._unsupported:
            return None
        try:
            return call(*arguments)
        except self.module.NVMLError as problem:
            self._judge(of, function, problem)
            return None

    def supports(self, of: str, function: str) -> bool:
        """Whether `function` may answer about that device: it did not yet say that it cannot."""
        return hasattr(self.module, function) and (of, function) not in self._unsupported

    def forget(self) -> None:
        """Ask everything of everyone again."""
        self._unsupported.clear()

    def close(self) -> None:
        """Let go of the driver, so that it can be unloaded, and so that the next `Library` sees what changed."""
        self.ask("", "nvmlShutdown")

    def _judge(self, of: str, function: str, problem: Any) -> None:
        if problem.value in self._lost:
            raise GpuLost(str(problem)) from None
        if problem.value in self._away:
            raise DriverAway(str(problem)) from None
        if problem.value in self._never:
            self._unsupported.add((of, function))
