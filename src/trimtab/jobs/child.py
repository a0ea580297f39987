"""A command of trimtab's own in a process of its own, for work that must not share the server's."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

_SHOWN = 1000  # characters of what a failed command said last
_PATIENCE_S = 10.0  # for a command that was asked to end


class Child(Struct):
    """A running command; what it prints goes to files in its folder."""

    process: Process
    folder: Path

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path) -> "Child":
        """Start `trimtab` with a command line. It must take `--with-parent`, so that it never outlives this process."""
        stdout, stderr = _files(folder)
        with stdout, stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "trimtab", *command, "--with-parent", str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL, stdout=stdout, stderr=stderr,
            )  # fmt: skip
        return cls(process, folder)

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self.process.returncode is None

    def output(self) -> bytes:
        """What it printed."""
        return (self.folder / "out").read_bytes()

    def said_last(self) -> str:
        """The last line of its errors: why it failed."""
        lines = (self.folder / "err").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return (lines[-1] if lines else f"it ended with code {self.process.returncode}").removeprefix("trimtab: ")[
            :_SHOWN
        ]

    async def stop(self) -> None:
        """Ask it to end, and make it end."""
        if not self.running:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), _PATIENCE_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


def _files(folder: Path) -> tuple[BinaryIO, BinaryIO]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "out").open("wb"), (folder / "err").open("wb")
