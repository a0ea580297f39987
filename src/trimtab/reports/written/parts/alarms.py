"""Which alarms fired, how often, and which are too loud."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from trimtab.alarms.history import Item
from trimtab.alarms.model import StateValue
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section, Table
from trimtab.reports.written.wording import moment, plural

_MOST, _LOUD = 12, 10
_AN_ALARM = 20.0
"""What one alarm weighs among amounts: some minutes of somebody's time."""


def alarms_part(changes: Mapping[str, Sequence[Item]]) -> Part:
    """The section, the alarm that fired most first."""
    fired = {name: times for name, items in changes.items() if (times := [one for one in items if _into_alarm(one)])}
    if not fired:
        none = Said("No alarm fired.", "/alarms")
        return Part(Section("Alarms", (none,)), (Claim(none, 0.1),))
    total = sum(map(len, fired.values()))
    said = [Said(f"{plural(len(fired), 'alarm')} fired {plural(total, 'time')}.", "/alarms")]
    ranked = sorted(fired, key=lambda name: (-len(fired[name]), name))
    claims = []
    loudest = ranked[0]
    if len(fired[loudest]) >= _LOUD:
        words = Said(
            f"The alarm {loudest} fired {len(fired[loudest])} times: nobody listens to that for long. Its page tries "
            "quieter settings on its own history.",
            _href(loudest),
            "bad",
        )
        said.append(words)
        claims.append(Claim(words, _AN_ALARM * len(fired[loudest])))
    rows = [(name, str(len(fired[name])), moment(fired[name][-1].at_ms)) for name in ranked[:_MOST]]
    return Part(
        Section("Alarms", said, (), (Table("Alarms", ("Alarm", "Fired", "Last"), rows, (1,), False, "/alarms"),)),
        claims,
    )


def _into_alarm(item: Item) -> bool:
    return item.summary.endswith(f" to {StateValue.ALARM}")


def _href(name: str) -> str:
    return f"/alarms/{quote(name, safe='')}"
