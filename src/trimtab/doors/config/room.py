"""Configuration as code: what files declare against what there is, what would change, and the change itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.doors.config.difference import differences
from trimtab.doors.config.document import File, read_files, write
from trimtab.doors.config.model import Action, Change, Form, Kind, Owner

_TOLD = 20  # faults of one answer


class Applied(Struct, frozen=True):
    """What was changed, and what stopped it: the changes after `failed` were not tried."""

    done: list[Change]
    failed: Change | None = None
    problem: str = ""


class Configurations:
    """The sections, in the order in which they are applied: what others name comes first."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._kinds: Mapping[str, Kind] = {kind.section: kind for kind in kinds}

    @property
    def sections(self) -> tuple[str, ...]:
        """The names of the sections."""
        return tuple(self._kinds)

    async def export(self, owner: Owner, sections: Sequence[str] = ()) -> str:
        """The YAML text of what there is. Raises InvalidInput for a section that there is none of."""
        wanted = list(sections) or list(self._kinds)
        for name in wanted:
            if name not in self._kinds:
                raise InvalidInput(f"cannot export {name}: expected {', '.join(self._kinds)}", field="section")
        return write({name: await self._kinds[name].stored(owner) for name in wanted})

    async def changes(self, owner: Owner, files: Sequence[File], *, prune: bool) -> list[Change]:
        """What `files` would change. Raises InvalidInput that tells every fault of the files."""
        declared = self._checked(owner, read_files(files, self.sections))
        stored = {name: await self._kinds[name].stored(owner) for name in declared}
        return differences(declared, stored, prune=prune)

    async def apply(self, owner: Owner, files: Sequence[File], *, prune: bool) -> Applied:
        """Make the changes: nothing where a file is wrong; else one after the other, up to one that the store refuses.

        Documents are put in the order of the sections; those that go, go last and in the opposite order.
        """
        found = await self.changes(owner, files, prune=prune)
        going = [change for change in found if change.action is Action.REMOVE]
        ordered = [change for change in found if change.action is not Action.REMOVE] + going[::-1]
        done: list[Change] = []
        for change in ordered:
            kind = self._kinds[change.section]
            try:
                if change.after is None:
                    await kind.delete(owner, change.name)
                else:
                    await kind.put(owner, change.name, change.after)
            except TrimtabError as problem:
                return Applied(done, change, str(problem))
            done.append(change)
        return Applied(done)

    def _checked(self, owner: Owner, read: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Form]]:
        faults: list[str] = []
        checked: dict[str, dict[str, Form]] = {}
        for section in (name for name in self._kinds if name in read):
            checked[section] = {}
            for name, document in read[section].items():
                try:
                    checked[section][name] = self._kinds[section].check(owner, name, document)
                except InvalidInput as problem:
                    faults.append(f"{section} {name}: {problem}")
        if faults:
            more = f"\n… and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
            raise InvalidInput("\n".join(faults[:_TOLD]) + more)
        return checked
