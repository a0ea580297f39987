"""Everything that doors and pages ask of dashboards, in one place."""

import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.reports.dashboards.body import parse_body
from trimtab.reports.dashboards.data import Answer, Question, WidgetReader
from trimtab.reports.dashboards.model import Body, Message, Stored, Widget
from trimtab.reports.dashboards.ports import Finds
from trimtab.reports.dashboards.shares import ShareStore
from trimtab.reports.dashboards.starters import STARTERS, Starter
from trimtab.reports.dashboards.store import DashboardStore
from trimtab.reports.dashboards.timing import Span, span_of
from trimtab.reports.dashboards.validate import check_body, errors
from trimtab.reports.dashboards.variables import Chosen, apply, choose

_LAST_3_HOURS_MS = 3 * 3_600_000
"""CloudWatch's range where a dashboard names none."""


class Opened(Struct, frozen=True):
    """A dashboard as it is shown: its body with the variables chosen. `version` is 0 for a starter nobody changed."""

    name: str
    body: Body
    text: str
    version: int
    modified_ms: int
    starter: Starter | None
    chosen: tuple[Chosen, ...]

    @property
    def widgets(self) -> tuple[Widget, ...]:
        """The widgets with the variables' values in them."""
        return tuple(apply(widget, self.chosen) for widget in self.body.widgets)


class DashboardRoom(Struct, frozen=True):
    """The dashboards. `account` owns those of callers that are bound to none."""

    store: DashboardStore
    shares: ShareStore
    widgets: WidgetReader
    finder: Finds
    clock: Clock
    account: str

    def account_of(self, principal: Principal) -> str:
        """Whose dashboards a caller sees."""
        return principal.account or self.account

    async def open(self, account: str, name: str, scope: Scope, given: Mapping[str, str]) -> Opened:
        """The dashboard: the stored one, else the starter of that name. Raises NotFound.

        `given` are the values of variables, as the URL has them (`var-<id>`).
        """
        starter = STARTERS.get(name)
        try:
            stored = await self.store.get(account, name, scope)
        except NotFound:
            if starter is None:
                raise
            stored = Stored(account, name, starter.text, 0, 0)
        body = parse_body(json.loads(stored.body))
        chosen = choose(body.variables, given, self.finder, scope)
        return Opened(name, body, stored.body, stored.version, stored.modified_ms, starter, chosen)

    async def save(
        self,
        account: str,
        name: str,
        text: str,
        by: str,
        was: int | None = None,
        *,
        within: Scope = EVERYTHING,
    ) -> tuple[Stored, list[Message]]:
        """Check and store a body for a caller who sees `within`; the answer has what is to be warned of.

        Raises InvalidInput where it is wrong, and Conflict.
        """
        messages = check_body(text, strict=False)
        wrong = errors(messages)
        if wrong:
            listed = "; ".join(f"{one.path or '/'}: {one.text}" for one in wrong[:10])
            raise InvalidInput(f"cannot save dashboard: {listed}", field="body")
        return await self.store.put(account, name, text, by, was=was, within=within), messages

    def span(self, body: Body) -> Span:
        """The range that the body names, else the last three hours."""
        now = self.clock.now_ms()
        return span_of(body.start, body.end, now, Span(now - _LAST_3_HOURS_MS, now))

    async def answers(
        self, scope: Scope, opened: Opened, span: Span, indices: Sequence[int], points: int
    ) -> list[Answer]:
        """What the widgets at `indices` show, in their order. Raises NotFound for a widget that is not there."""
        widgets = opened.widgets
        missing = [at for at in indices if not 0 <= at < len(widgets)]
        if missing:
            raise NotFound(f"dashboard {opened.name} has no widget {missing[0]}: it has {len(widgets)}")
        questions = [Question(widgets[at], span, opened.body.inherit, points) for at in indices]
        return await self.widgets.read(scope, questions)
