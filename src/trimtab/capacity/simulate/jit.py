"""What compiles this package's loops, and compiles them again when any module of it changes."""

from pathlib import Path

from trimtab.timeseries.compiling import compiler

compiled = compiler(Path(__file__).parent, division_by_zero="numpy")
inlined = compiler(Path(__file__).parent, division_by_zero="numpy", inline="always")
"""For what a replay of thousands of services spends its time in: a call with arrays counts references."""
