"""`Kernels`: compiled functions that are fetched in the background once there is enough work for them.

Until they are there, and where numba cannot be had, the caller does the same in plain Python.
"""

import importlib
import logging
import subprocess
import sys
import threading
from types import ModuleType

logger = logging.getLogger(__name__)

WORTHWHILE_BYTES = 1 << 20
"""Loading costs about what plain Python takes for a megabyte (and 100 MB of memory): clients that send less in all
the life of a server never cause it.
"""
LARGE_BYTES = 8 << 20
"""For a body from this size on waiting for `ready` is quicker than plain Python, even while all is compiled anew."""
_COMPILE_S = 300.0  # ten times what a slow machine takes


class Kernels:
    """The compiled module `module`. Its `warm` calls each of its functions once, and its `is_cached` tells whether an
    earlier run kept them.
    """

    def __init__(self, module: str, worthwhile_bytes: int = WORTHWHILE_BYTES) -> None:
        self._name = module
        self._left = worthwhile_bytes
        self._module: ModuleType | None = None
        self._loader: threading.Thread | None = None

    def get(self, bytes_: int) -> ModuleType | None:
        """The module, if it is there; `bytes_` is the size of the work at hand, which counts towards loading it."""
        if self._module is None and self._loader is None:
            self._left -= bytes_
            if self._left <= 0:
                self._loader = threading.Thread(target=self.load, name="kernels", daemon=True)
                self._loader.start()
        return self._module

    def ready(self) -> ModuleType | None:
        """The module, waited for if it is on its way; for a thread that has much to decode."""
        if self._loader is not None:
            self._loader.join()
        return self._module

    def load(self) -> bool:
        """Import and compile now. False, with a line in the log, where that cannot be done."""
        try:
            module = importlib.import_module(self._name)
        except ImportError as problem:  # numba has no release yet for a new Python, or was left out
            logger.warning("decoding in plain Python, about 10 times slower: cannot load numba: %s", problem)
            return False
        if not module.is_cached():
            _compile_apart(self._name)
        try:
            module.warm()
        except OSError as problem:  # compiled all the same; only keeping it failed
            logger.info("compiled decoders are not kept for the next start: %s", problem)
            module.warm()
        self._module = module
        return True


def _compile_apart(name: str) -> None:
    """Compile in a process of its own, which fills the cache: here it would hold up the event loop for seconds, and
    a process that ends while LLVM works may crash. Should it fail, `warm` compiles here after all.
    """
    command = [sys.executable, "-c", f"import importlib; importlib.import_module({name!r}).warm()"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMPILE_S, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        logger.info("cannot compile decoders apart: %s; compiling here", problem)
        return
    if done.returncode:
        logger.info("cannot compile decoders apart: %s; compiling here", done.stderr.strip()[-500:])
