"""The power that this machine drew while a load was held, where it is measured: GPUs by NVML, processors by RAPL.

Both count energy, so that the mean over a level needs no sampling. A machine that measures neither has no watts, and
its requests no joules.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from trimtab.agent.reading import Reading
from trimtab.base.clock import Clock

ENERGY, POWER = "hw.energy", "hw.power"  # the agent's names
_RAPL = "class/powercap"
_PACKAGES = "intel-rapl:*"
"""Whole packages; `intel-rapl:N:M` are parts of them and left out. AMD's counters have these names too."""


class Power(Struct):
    """Reads counters; call `watts` for the mean since the last call. `sysfs` is /sys."""

    clock: Clock
    sysfs: Path
    _joules: dict[str, float] = field(default_factory=dict)
    _at_s: float | None = None

    def watts(self, readings: Sequence[Reading] = ()) -> dict[str, float]:
        """`watts` of all that is measured, `gpu_watts` and `cpu_watts` of each; nothing where nothing is.

        `readings` are the agent's. GPUs without a counter of energy count with the power that they draw now.
        """
        now_s, counters = self.clock.monotonic(), self._counters(readings)
        before, self._joules = self._joules, {name: value for name, (value, _) in counters.items()}
        since_s, self._at_s = (now_s - self._at_s if self._at_s is not None else 0.0), now_s
        if since_s <= 0:
            return {}
        found: dict[str, float] = {}
        for name, (value, turns_at) in counters.items():
            if name in before:
                used = value - before[name]
                used += turns_at if used < 0 else 0.0
                kind = f"{name.partition(' ')[0]}_watts"
                found[kind] = found.get(kind, 0.0) + used / since_s
        if "gpu_watts" not in found:
            drawn = [one.value for one in readings if one.name == POWER]
            found |= {"gpu_watts": sum(drawn)} if drawn else {}
        return found | ({"watts": sum(found.values())} if found else {})

    def _counters(self, readings: Sequence[Reading]) -> dict[str, tuple[float, float]]:
        """Joules by counter, and where each begins anew."""
        found = {f"gpu {one.attributes}": (float(one.value), 0.0) for one in readings if one.name == ENERGY}
        for zone in (self.sysfs / _RAPL).glob(_PACKAGES):
            if zone.name.count(":") != 1:
                continue
            used, most = _number(zone / "energy_uj"), _number(zone / "max_energy_range_uj")
            if used is not None:
                found[f"cpu {zone.name}"] = used / 1e6, (most or 0.0) / 1e6
        return found


def _number(path: Path) -> float | None:
    """A number of the kernel's; None where it may not be read (energy_uj is root's since 2020) or is not there."""
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
