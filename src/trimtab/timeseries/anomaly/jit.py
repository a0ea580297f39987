"""What compiles this package's loops, and compiles them again when any module of it changes."""

from pathlib import Path

from trimtab.timeseries.compiling import compiler, stamp_of

STAMP = stamp_of(Path(__file__).parent)
"""Names the text that is compiled: where it changed, all is compiled anew."""
compiled = compiler(Path(__file__).parent)
