"""`Investigations`: the REST API of investigations as typed Python calls, over a `Client`."""

from collections.abc import Iterator, Mapping

from trimtab.client import investigations_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import parameters, path_of

_PATH = "/rest/v1/investigations"
Asked = Mapping[str, str | list[str]]
"""`at`, `around`, `host`, `service`, `run`, `team`, `about`, `kind`, `only`; what is empty is left out."""


class Investigations(Calls):
    """The calls. Errors are those of `Client`."""

    def line(self, asked: Asked) -> wire.TimeLine:
        """What happened around a time."""
        return self._client.call("GET", f"{_PATH}/line", wire.TimeLine, query=parameters(**asked))

    def suspects(self, asked: Asked) -> wire.Suspected:
        """Who is suspected."""
        return self._client.call("GET", f"{_PATH}/suspects", wire.Suspected, query=parameters(**asked))

    def listed(self) -> list[wire.KeptInvestigation]:
        """Those that are kept."""
        return self._call("GET", _PATH, wire.KeptInvestigations).investigations

    def get(self, id_: str) -> wire.KeptInvestigation:
        """One with its notes."""
        return self._call("GET", path_of(_PATH, id_), wire.KeptInvestigation)

    def keep(self, body: wire.KeepInvestigation) -> wire.KeptInvestigation:
        """Keep one (role write)."""
        return self._call("POST", _PATH, wire.KeptInvestigation, body=body)

    def note(self, id_: str, text: str, pin: str = "") -> wire.InvestigationNote:
        """Add a note, or pin an entry by its key (role write)."""
        return self._call("POST", path_of(_PATH, id_, "notes"), wire.InvestigationNote, body=wire.AddNote(text, pin))

    def remove_note(self, id_: str, note: str) -> wire.InvestigationRemoved:
        """Remove a note (role write)."""
        return self._call("DELETE", path_of(_PATH, id_, "notes", note), wire.InvestigationRemoved)

    def remove(self, id_: str) -> wire.InvestigationRemoved:
        """Remove one with its notes (role write)."""
        return self._call("DELETE", path_of(_PATH, id_), wire.InvestigationRemoved)

    def file(self, id_: str, format_: str) -> Iterator[bytes]:
        """One as a report in HTML, PDF or CSV, in pieces."""
        return self._client.stream(path_of(_PATH, id_, "file"), [("format", format_)])
