"""The one MetaData of the state tables, with names for constraints that both databases accept."""

from typing import Any, Final

from sqlalchemy import MetaData

MOMENT: Final = "moment"
DUE: Final[dict[str, Any]] = {MOMENT: "due"}
"""Marks a column of times before which something waits. Where the clock goes back they do too (jobs/clock_steps.py)."""
REACHED: Final[dict[str, Any]] = {MOMENT: "reached"}
"""Marks a column of times up to which something is done, and from which it goes on."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
