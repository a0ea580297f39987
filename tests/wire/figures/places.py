"""Every place of every figure, and the figures that are shown in one place alone."""

from collections.abc import Mapping

from wire.figures import bill_places, gpu_places, host_places, kpi_places, run_places
from wire.figures.place import Places

OF_RANGES: Places = {
    **gpu_places.PLACES, **bill_places.PLACES, **run_places.PLACES, **kpi_places.PLACES,
}  # fmt: skip
OF_NOW: Places = host_places.PLACES
PLACES: Places = {**OF_RANGES, **OF_NOW}
SHOWN_ONCE: Mapping[str, str] = {}
"""Figures that are shown in one place alone, each with the reason: none is, so far."""
