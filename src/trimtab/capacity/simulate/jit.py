"""What compiles this package's loops, and compiles them again when any module of it changes."""

from pathlib import Path

from trimtab.timeseries.compiling import compiler

compiled = compiler(Path(__file__).parent)
