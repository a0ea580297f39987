"""A process that ends when the one that started it does, however that ends."""

import os
import sys
import threading
from collections.abc import Mapping, Sequence

_LOOK_S = 0.5


def end_with(parent: int) -> None:
    """Watch the process `parent`, which must have started this one, and leave at once when it is gone."""

    def watch() -> None:
        waiting = threading.Event()
        while os.getppid() == parent:
            waiting.wait(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch parent").start()


_BECOMES = (
    "import ctypes,os,signal,sys\n"
    "cut=sys.argv.index('--')\n"
    "if sys.platform=='linux': ctypes.CDLL(None).prctl(1,signal.SIGKILL)\n"  # PR_SET_PDEATHSIG
    "if os.getppid()!=int(sys.argv[1]): sys.exit(1)\n"
    "env={k:os.environ[k] for k in sys.argv[2].split(',') if k in os.environ}\n"
    "env.update(pair.split('=',1) for pair in sys.argv[3:cut])\n"
    "try: os.execvpe(sys.argv[cut+1],sys.argv[cut+1:],env)\n"
    "except OSError as problem: sys.stderr.write(f'cannot run {sys.argv[cut+1]}: {problem}\\n'); sys.exit(127)\n"
)
"""Asks Linux to kill this process with its parent, takes out of its environment all but what is named, and becomes the
command: no code of ours runs in a forked child."""
CANNOT_RUN = 127
"""How a command that is not there ends, as in a shell."""


def bound(command: Sequence[str], passed: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """A command line that runs `command` and never outlives this process (on Linux), whatever the command is.

    Its environment is `environment`, and of this process's own what `passed` names.
    """
    pairs = [f"{name}={value}" for name, value in environment.items()]
    return [sys.executable, "-ES", "-c", _BECOMES, str(os.getpid()), ",".join(passed), *pairs, "--", *command]
