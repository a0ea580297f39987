"""What a start loads: libraries that only some need are loaded by who needs them, since every start waits for them."""

import subprocess
import sys

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
