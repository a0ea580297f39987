"""What a start loads: libraries that only some need are loaded by who needs them, since every start waits for them."""

import subprocess
import sys

_LATER = {"alembic", "authlib", "highspy", "joserfc", "markdown_it", "numba", "pandas", "pygments", "reportlab", "rich",
          "scipy", "sqlglot", "statsmodels"}  # fmt: skip


def test_the_server_and_the_jobs_load_no_library_that_few_need() -> None:
    program = "import sys, trimtab.server, trimtab.worker; print(*{name.partition('.')[0] for name in sys.modules})"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set() == _LATER & set(made.stdout.split())
