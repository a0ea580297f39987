"""pyarrow as the server's processes load it: without pandas."""

import sys
import warnings
from types import ModuleType

import pyarrow as pa


def leave_pandas_out() -> None:
    """Have pyarrow make and read arrays without pandas: call it first thing in a process that has no use for it.

    With its first array pyarrow imports pandas where it is installed (chDB's package brings it), only to tell pandas'
    objects from others: 40 MB and 0.3 s. It asks once, and is shown a pandas too old to be used. `to_pandas` then
    fails in this process.
    """
    if "pandas" in sys.modules:
        return
    stub = ModuleType("pandas")
    stub.__version__ = "0.0.0"  # type: ignore[attr-defined]  # what pyarrow reads
    sys.modules["pandas"] = stub
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is too old
            pa.chunked_array([["", None]]).to_numpy()
    finally:
        del sys.modules["pandas"]
