"""Starts a process of trimtab, `python -m trimtab.child trimtab.server`: imports its module, then runs its `main`.

On SIGUSR1 it writes to standard error where each of its threads is; the supervisor asks before it ends one that hangs.

Some thousand modules make a million objects that live as long as the process. The collector of cyclic garbage would
look at them again and again while they are made, a fifth of the start, so it rests until they are there, and then it
is told to leave them alone.
"""

import faulthandler
import gc
import signal
import sys
from importlib import import_module


def main(module: str) -> int:
    """Run `main()` of a module and return its exit code."""
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    gc.disable()
    run = import_module(module).main
    gc.freeze()
    gc.enable()
    return int(run())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
