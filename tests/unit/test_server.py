"""What a start loads: libraries that only some need are loaded by who needs them, since every start waits for them.
And the loop in which the server waits for its end."""

import asyncio
import subprocess
import sys
from typing import Any

import uvicorn

from trimtab.server import _Server

_LATER = {"alembic", "authlib", "highspy", "joserfc", "markdown_it", "numba", "pandas", "pygments", "reportlab", "rich",
          "scipy", "sqlglot", "statsmodels"}  # fmt: skip


def test_the_server_and_the_jobs_load_no_library_that_few_need() -> None:
    program = "import sys, trimtab.server, trimtab.worker; print(*{name.partition('.')[0] for name in sys.modules})"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set() == _LATER & set(made.stdout.split())


def test_arrays_are_made_without_pandas() -> None:
    program = """if True:
        import sys, pyarrow as pa, numpy as np
        from trimtab.store.telemetry.arrow import leave_pandas_out
        leave_pandas_out()
        made = pa.array(np.arange(2)), pa.chunked_array([["a", None]]), pa.array([1.5, None])
        print([array.to_numpy(zero_copy_only=False).tolist() for array in made], "pandas" in sys.modules)
    """
    made = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert "[[0, 1], ['a', None], [1.5, nan]] False" == made.stdout.strip()


def test_the_loop_that_keeps_the_date_ends_with_the_stop() -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None: ...

    async def scenario() -> list[bytes]:
        stop = asyncio.Event()
        server = _Server(uvicorn.Config(nothing, lifespan="off", log_config=None), "", stop)
        loop = asyncio.create_task(server.main_loop())
        await asyncio.sleep(0)
        assert not loop.done()
        names = [name for name, _ in server.server_state.default_headers]
        stop.set()
        await loop
        return names

    assert b"date" in asyncio.run(scenario())
