"""Pipelines in the state database: put, found, listed, deleted."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.egress.address import parse_url
from trimtab.egress.gate import Gate
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import pipelines
from trimtab.triggers.arns import Place
from trimtab.triggers.pipelines.commands import Commands
from trimtab.triggers.pipelines.model import KINDS, Pipeline

MOST_PIPELINES = 500
_NEEDED = {
    "command": ("command",),
    "sagemaker": ("pipeline",),
    "workflow": ("repository", "workflow", "ref", "connection"),
    "webhook": ("url",),
}
_OPTIONAL = {
    "command": (),
    "sagemaker": ("parameters",),
    "workflow": ("api", "inputs"),
    "webhook": ("connection",),
}
_URLS = ("url", "api")
_MOST_COOLDOWN_S = 366 * 86_400
_columns = pipelines.c


class PipelineStore:
    """The pipelines."""

    def __init__(self, state: State, clock: Clock, commands: Commands, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._commands = commands
        self._gate = gate

    def commands(self) -> list[str]:
        """The names of the commands that the settings' file has."""
        return sorted(self._commands.known)

    async def put(
        self, place: Place, name: str, kind: str, form: Mapping[str, Any], cooldown_s: int, description: str = ""
    ) -> Pipeline:
        """Make or replace a pipeline. Raises InvalidInput, LimitExceeded."""
        self._check(name, kind, form, cooldown_s)
        for member in _URLS:
            if form.get(member):
                await self._gate.admit(str(form[member]), f"pipeline {name}")
        made = Pipeline(place, name, kind, dict(form), cooldown_s, description, self._clock.now_ms())

        def write(connection: Connection) -> Pipeline:
            mine = _named(place, name)
            known = connection.execute(select(_columns.created_ms).where(mine)).scalar()
            if known is None and len(connection.execute(select(_columns.name)).all()) >= MOST_PIPELINES:
                raise LimitExceeded(f"cannot make pipeline {name}: there are {MOST_PIPELINES}")
            connection.execute(delete(pipelines).where(mine))
            connection.execute(
                insert(pipelines).values(
                    account=place.account,
                    region=place.region,
                    name=name,
                    kind=kind,
                    form=json.dumps(made.form),
                    cooldown_s=cooldown_s,
                    description=description,
                    created_ms=made.created_ms if known is None else known,
                )
            )
            return made

        return await self._state.change(write)

    async def get(self, place: Place, name: str) -> Pipeline:
        """A pipeline. Raises NotFound."""
        return await self._state.read(lambda connection: pipeline_in(connection, place, name))

    async def listed(self, account: str | None) -> list[Pipeline]:
        """The pipelines of an account (None: of all), by name."""
        query = select(pipelines).order_by(_columns.name, _columns.account, _columns.region)
        if account is not None:
            query = query.where(_columns.account == account)
        return await self._state.read(lambda connection: [pipeline_of(row) for row in connection.execute(query)])

    async def delete(self, place: Place, name: str) -> None:
        """Delete a pipeline; its runs stay on record. Raises NotFound."""

        def write(connection: Connection) -> None:
            pipeline_in(connection, place, name)
            connection.execute(delete(pipelines).where(_named(place, name)))

        await self._state.change(write)

    def _check(self, name: str, kind: str, form: Mapping[str, Any], cooldown_s: int) -> None:
        if not name or len(name) > 64 or not all(one.isalnum() or one in "-_." for one in name):
            raise InvalidInput(f"cannot use name {name[:60]!r}: expected up to 64 letters, digits, '-', '_' and '.'")
        if kind not in KINDS:
            raise InvalidInput(f"cannot make pipeline {name}: got kind {kind!r}; expected one of {', '.join(KINDS)}")
        if not 0 <= cooldown_s <= _MOST_COOLDOWN_S:
            raise InvalidInput(f"cannot make pipeline {name}: got a cool-down of {cooldown_s} s; expected 0 to a year")
        missing = [one for one in _NEEDED[kind] if not form.get(one)]
        unknown = sorted(set(form) - {*_NEEDED[kind], *_OPTIONAL[kind]})
        if missing or unknown:
            raise InvalidInput(
                f"cannot make pipeline {name}: a {kind} has {', '.join(_NEEDED[kind])}; "
                f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}"
            )
        if kind == "command" and form["command"] not in self._commands.known:
            raise InvalidInput(
                f"cannot make pipeline {name}: the settings name no command {form['command']!r}; "
                f"expected one of {', '.join(self.commands()) or 'none yet'} (TRIMTAB_TRIGGER_COMMANDS)"
            )
        for member in _URLS:
            if form.get(member):
                parse_url(str(form[member]))


def pipeline_in(connection: Connection, place: Place, name: str) -> Pipeline:
    """A pipeline. Raises NotFound."""
    row = connection.execute(select(pipelines).where(_named(place, name))).first()
    if row is None:
        raise NotFound(f"cannot find pipeline {name[:100]!r}: make it with `trimtab triggers pipeline put`")
    return pipeline_of(row)


def _named(place: Place, name: str) -> Any:
    return (_columns.account == place.account) & (_columns.region == place.region) & (_columns.name == name)


def pipeline_of(row: Row[Any]) -> Pipeline:
    """A row as a pipeline."""
    place = Place(row.account, row.region)
    return Pipeline(place, row.name, row.kind, json.loads(row.form), row.cooldown_s, row.description, row.created_ms)
