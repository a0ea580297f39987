"""A process ends although one of its threads never does."""

import subprocess
import sys

CODE = """
import asyncio, threading
from trimtab.jobs.ending import leave

async def work():
    asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
    print("said", end="")
    leave()

asyncio.run(work())
"""


def test_it_ends_with_what_it_said_and_status_0() -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert (0, "said", "") == (ended.returncode, ended.stdout, ended.stderr)
