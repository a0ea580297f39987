"""When a batch job ends before its end: Ctrl-C or SIGTERM, its budget, or a spot instance that is taken away."""

import signal
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.batch.interruption import Notices
from trimtab.batch.model import Progress
from trimtab.cli.output import remark

_SETTLED_S = 10.0  # before it, the speed says little


class Stopping:
    """Whether to end, asked twice a second; pieces that run are finished. `why` says so in words."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.per_hour = amount(given["cost_per_hour"], "--cost-per-hour")
        self._budget = amount(given["budget"], "--budget")
        self._deadline_s = parse_duration_ms(given["deadline"]) / 1000 if given["deadline"] else None
        if self._budget is not None and self.per_hour is None:
            raise InvalidInput("cannot keep to --budget: give --cost-per-hour, the machine's price", field="--budget")
        self.why = ""
        self._late = False
        self._asked = threading.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, lambda *_: self._asked.set())
        self._notices = Notices(given["spot_notices"]).start() if given["spot"] else None

    def __call__(self) -> bool:
        """Whether to end now."""
        taken = self._notices is not None and self._notices.taken.is_set()
        if taken:
            self.why = " because the spot instance is taken away"
        return taken or self._asked.is_set()

    def watched(self, said: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """The same, with an eye on the budget and the deadline."""

        def seen(now: Progress) -> None:
            said(now)
            if self._budget is not None and now.cost is not None and Decimal(now.cost) >= self._budget:
                self.why = f" at its budget of {self._budget}"
                self._asked.set()
            if self._deadline_s and now.eta_s and not self._late and now.seconds > _SETTLED_S:
                over_s = now.seconds + now.eta_s - self._deadline_s
                self._late = over_s > 0
                if self._late:
                    remark(f"it will miss its deadline by {over_s:,.0f} s at this speed: see `trimtab batch plan`")

        return seen

    def close(self) -> None:
        """Look no more."""
        if self._notices is not None:
            self._notices.close()


def amount(text: str | None, option: str) -> Decimal | None:
    """An amount above 0; None where none is given. Raises InvalidInput."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except ArithmeticError:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise InvalidInput(f"cannot use {option} {text!r}: expected an amount above 0, such as 1.25", field=option)
    return value
