"""What compiles the loops of policies and replays, and compiles them again when any module that they inline changes."""

from pathlib import Path

from trimtab.capacity.simulate import fleet
from trimtab.timeseries.compiling import compiler, stamp_of

_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "policies", _HERE / "replay", _HERE / "provisioned", Path(fleet.__file__).parent)
STAMP = stamp_of(*_FOLDERS)
"""Names the text that is compiled: where it changed, all is compiled anew."""
compiled = compiler(*_FOLDERS, division_by_zero="numpy")
inlined = compiler(*_FOLDERS, division_by_zero="numpy", inline="always")
"""For what a replay of thousands of services spends its time in: a call with arrays counts references."""
