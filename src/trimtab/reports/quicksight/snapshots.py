"""Snapshots of dashboards: visuals as CSV, sheets as PDF, answered for who asks and kept as files for a week."""

import asyncio
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock, iso
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.reports.analyses.files import file_of
from trimtab.reports.analyses.model import Shown
from trimtab.reports.analyses.pictures.drawing import png
from trimtab.reports.analyses.room import AnalysisRoom
from trimtab.reports.analyses.spec import Analysis, read_analysis
from trimtab.reports.datasets.extract_store import key_of
from trimtab.reports.quicksight.model import Resource

PATH = "/rest/v1/quicksight/snapshots"
"""Where this server gives out files."""
KEPT_MS = 7 * 86_400_000
_PIXELS = 960
_TYPES = {"CSV": "csv", "PDF": "pdf"}


class Snapshots(Struct, frozen=True):
    """Makes and keeps the files. `put_object` writes (bucket, key, body) to S3, and blocks."""

    analyses: AnalysisRoom
    folder: Path
    clock: Clock
    put_object: Callable[[str, str, bytes], None]

    async def file(self, principal: Principal, version: Resource, asked: Mapping[str, Any]) -> bytes:
        """One file of a snapshot. Raises InvalidInput for visuals not shown here, QueryAborted, Unavailable."""
        if asked["FormatType"] not in _TYPES:
            raise InvalidInput(f"cannot write {asked['FormatType']}: expected one of {', '.join(_TYPES)}")
        spec, names = self._chosen(version, asked["SheetSelections"])
        chosen = [one for one in map(spec.visual, names) if one is not None]
        shown = [await self.analyses.show(principal, spec, one) for one in chosen]
        if asked["FormatType"] == "CSV":
            if len(shown) != 1:
                raise InvalidInput(f"cannot write CSV: it has one visual, and {len(shown)} are selected")
            return file_of(shown[0], "csv").content
        return await asyncio.to_thread(as_pdf, spec.title, shown)

    def keep(self, principal: Principal, job: Resource, number: int, format_: str, content: bytes) -> str:
        """Keep a file of a job; its name, which says for whom it was made. Files older than a week go. Blocks."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            if old.stat().st_mtime * 1000 < self.clock.now_ms() - KEPT_MS:
                old.unlink(missing_ok=True)
        key = hashlib.sha256(job.arn.encode()).hexdigest()[:32]
        name = f"{job.place.account}-{_whose(principal, job.place.account)}-{key}-{number}.{_TYPES[format_]}"
        (self.folder / name).write_bytes(content)
        return name

    def read(self, principal: Principal, name: str) -> bytes:
        """A kept file, for who had it made and still sees as much, or an admin of everything. Raises NotFound. Blocks.

        Others of the account may see fewer rows: by their keys, or by the rules of a dataset, which go by name.
        """
        account, _, rest = name.partition("-")
        own = rest.partition("-")[0] == _whose(principal, account)
        everything = principal.may(Role.ADMIN) and principal.scope == EVERYTHING
        path = self.folder / name
        if not (own or everything) or path.parent != self.folder or not path.is_file():
            raise NotFound(f"there is no snapshot {name[:120]!r}; snapshots are kept for 7 days")
        return path.read_bytes()

    def _chosen(self, version: Resource, selections: Sequence[Mapping[str, Any]]) -> tuple[Analysis, list[str]]:
        """The version's analysis, and our ids of the visuals that are selected."""
        document = version.state.get("document")
        if not document:
            raise InvalidInput("cannot write snapshot: no visual of this dashboard has a meaning in trimtab")
        names = []
        for selection in selections:
            wanted = selection.get("VisualIds") if selection["SelectionScope"] == "SELECTED_VISUALS" else None
            names += [
                one["id"]
                for one in version.state["placed"]
                if one["sheet"] == selection["SheetId"] and (wanted is None or one["visual"] in wanted)
            ]
        if not names:
            raise InvalidInput("cannot write snapshot: no visual that is shown here is selected")
        return read_analysis(document), names


def _whose(principal: Principal, account: str) -> str:
    """Who sees what of an account, as 16 hexadecimal digits."""
    accounts = principal.scope.accounts
    if accounts is not None and account not in accounts:
        return ""
    seen = key_of(replace(principal.scope, accounts=frozenset((account,))))
    return hashlib.sha256(f"{principal.name}\n{principal.role}\n{seen}".encode()).hexdigest()[:16]


def as_pdf(title: str, shown: Sequence[Shown]) -> bytes:
    """Visuals one below the other, with their range and until when they are known."""
    # What draws on paper takes long to load: only who prints pays.
    from reportlab.lib.units import mm
    from reportlab.platypus import Image, KeepTogether, Paragraph, Spacer

    from trimtab.reports.paper import WIDTH, fonts, marked, printed, style

    fonts()
    story: list[Any] = [Paragraph(marked(title), style(16, bold=True, after=6))]
    for one in shown:
        picture = png(one, width=_PIXELS)
        height = _height(picture)
        known = f", known until {iso(one.known_until_ms)}" if one.known_until_ms is not None else ""
        told = f"{iso(one.start_ms)} to {iso(one.end_ms)}{known}"
        parts = [Image(io.BytesIO(picture), width=WIDTH, height=WIDTH * height)]
        story += [KeepTogether([*parts, Paragraph(marked(told), style(8, muted=True))]), Spacer(1, 5 * mm)]
    return printed(story, title)


def _height(picture: bytes) -> float:
    """Height of a PNG as a share of its width: two numbers in its first chunk."""
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    return height / width
