"""`Investigations`: the REST API of investigations as typed Python calls, over a `Client`."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from trimtab.client import investigations_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/investigations"
Asked = Mapping[str, str | list[str]]
"""`at`, `around`, `host`, `service`, `run`, `team`, `about`, `kind`, `only`; what is empty is left out."""


class Investigations:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def line(self, asked: Asked) -> wire.TimeLine:
        """What happened around a time."""
        return self._client.call("GET", f"{_PATH}/line", wire.TimeLine, query=_pairs(asked))

    def suspects(self, asked: Asked) -> wire.Suspected:
        """Who is suspected."""
        return self._client.call("GET", f"{_PATH}/suspects", wire.Suspected, query=_pairs(asked))

    def listed(self) -> list[wire.KeptInvestigation]:
        """Those that are kept."""
        return self._client.call("GET", _PATH, wire.KeptInvestigations).investigations

    def get(self, id_: str) -> wire.KeptInvestigation:
        """One with its notes."""
        return self._client.call("GET", _of(id_), wire.KeptInvestigation)

    def keep(self, body: wire.KeepInvestigation) -> wire.KeptInvestigation:
        """Keep one (role write)."""
        return self._client.call("POST", _PATH, wire.KeptInvestigation, body=body)

    def note(self, id_: str, text: str, pin: str = "") -> wire.InvestigationNote:
        """Add a note, or pin an entry by its key (role write)."""
        return self._client.call("POST", f"{_of(id_)}/notes", wire.InvestigationNote, body=wire.AddNote(text, pin))

    def remove_note(self, id_: str, note: str) -> wire.InvestigationRemoved:
        """Remove a note (role write)."""
        return self._client.call("DELETE", f"{_of(id_)}/notes/{quote(note, safe='')}", wire.InvestigationRemoved)

    def remove(self, id_: str) -> wire.InvestigationRemoved:
        """Remove one with its notes (role write)."""
        return self._client.call("DELETE", _of(id_), wire.InvestigationRemoved)

    def file(self, id_: str, format_: str) -> Iterator[bytes]:
        """One as a report in HTML, PDF or CSV, in pieces."""
        return self._client.stream(f"{_of(id_)}/file", [("format", format_)])


def _pairs(asked: Asked) -> list[tuple[str, str]]:
    many = ((name, [value] if isinstance(value, str) else value) for name, value in asked.items())
    return [(name, one) for name, values in many for one in values if one]


def _of(id_: str) -> str:
    return f"{_PATH}/{quote(id_, safe='')}"
