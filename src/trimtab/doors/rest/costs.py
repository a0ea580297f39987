"""`/rest/v1/costs`: bills in, with receipts, and what is held of them (role admin to change)."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from trimtab.access.principal import Role, everything_only
from trimtab.base import typed
from trimtab.base.errors import AccessDenied, InvalidInput
from trimtab.base.loopback import is_loopback
from trimtab.client import costs_wire as wire
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.imports.places import UPLOAD
from trimtab.costs.model import Held, ImportRecord, Receipt
from trimtab.costs.readers import mapping
from trimtab.costs.room import CostsRoom
from trimtab.doors.rest.spec import Call, Operation
from trimtab.settings import Settings

_IMPORTS, _TAG = "/rest/v1/costs/imports", "costs"


class PeriodQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to take out."""

    source: Annotated[str, Meta(min_length=1, max_length=512, description="The source.")]
    month: Annotated[
        Annotated[int, Meta(ge=197001, le=210012)] | None, Meta(description="Billing month, YYYYMM; none: all.")
    ] = None


def operations(room: CostsRoom, settings: Settings) -> list[Operation]:
    """The operations on imports."""

    async def listed(call: Call[Any, None]) -> wire.ImportList:
        _whole(call)
        records, held = await asyncio.gather(
            asyncio.to_thread(room.ledger.imports), asyncio.to_thread(room.ledger.held)
        )
        return wire.ImportList([_on_wire(record) for record in records], [_held(one) for one in held])

    async def start(call: Call[Any, wire.StartImport]) -> wire.Import:
        _whole(call)
        wanted = call.body
        _check_place(wanted.location, settings)
        request = ImportRequest(wanted.location, wanted.format, wanted.source, wanted.add, wanted.mapping)
        id_ = await room.imports.start(request)
        return _on_wire(await asyncio.to_thread(room.ledger.one, id_))

    async def mapped(call: Call[Any, None]) -> wire.MappingList:
        del call
        found = await asyncio.to_thread(mapping.built_in)
        return wire.MappingList([_mapping(one) for one in sorted(found, key=lambda one: one.name)])

    async def one(call: Call[Any, None]) -> wire.Import:
        _whole(call)
        id_ = call.path["id"]
        if not id_.isdecimal() or len(id_) > 15:
            raise InvalidInput(f"cannot find import {id_!r}: expected a number", field="id")
        progress = await asyncio.to_thread(room.importer.progress, int(id_))
        record = _on_wire(await asyncio.to_thread(room.ledger.one, int(id_)))
        if progress is None:
            return record
        return msgspec.structs.replace(record, progress=typed.convert(progress, wire.Progress, from_attributes=True))

    async def drop(call: Call[PeriodQuery, None]) -> wire.Dropped:
        _whole(call)
        months = () if call.query.month is None else (call.query.month,)
        return wire.Dropped(await asyncio.to_thread(room.importer.drop, call.query.source, months))

    async def upload(call: Call[Any, None]) -> wire.Upload:
        _whole(call)
        return wire.Upload(await asyncio.to_thread(room.uploads.open))

    admin = Role.ADMIN
    return [
        Operation(
            "GET",
            _IMPORTS,
            "list imports",
            "Imports of bills, and what is held.",
            listed,
            wire.ImportList,
            role=Role.FINANCE,
            tag=_TAG,
        ),
        Operation(
            "POST",
            _IMPORTS,
            "start import",
            "Begin an import of a bill; it goes on beside the server's other work.",
            start,
            wire.Import,
            body=wire.StartImport,
            status=202,
            errors=(409,),
            role=admin,
            tag=_TAG,
        ),
        Operation(
            "GET",
            _IMPORTS + "/{id}",
            "get import",
            "An import with its receipt, or how far it is.",
            one,
            wire.Import,
            errors=(404,),
            path_parameters={"id": "The number of the import, as listed."},
            role=Role.FINANCE,
            tag=_TAG,
        ),
        Operation(
            "GET",
            "/rest/v1/costs/mappings",
            "list mappings",
            "Mappings of providers' own columns to FOCUS that come with trimtab, with their TOML.",
            mapped,
            wire.MappingList,
            role=Role.FINANCE,
            tag=_TAG,
        ),
        Operation(
            "DELETE",
            "/rest/v1/costs/periods",
            "drop bill",
            "Take a billing month, or all, of a source out.",
            drop,
            wire.Dropped,
            query=PeriodQuery,
            errors=(404, 409),
            role=admin,
            tag=_TAG,
        ),
        Operation(
            "POST",
            "/rest/v1/costs/uploads",
            "open upload",
            "Make a place for the files of a bill; send them with PUT …/uploads/{id}?name=…&offset=….",
            upload,
            wire.Upload,
            status=201,
            role=admin,
            tag=_TAG,
        ),
    ]


def _check_place(location: str, settings: Settings) -> None:
    """The server's own files are read only where nobody from elsewhere can ask for them."""
    host = settings.http_addr.rpartition(":")[0].strip("[]")
    if not location.startswith(("s3://", UPLOAD)) and not is_loopback(host):
        raise AccessDenied(
            f"cannot import {location}: a server that listens beyond loopback reads no files of its own; "
            "upload them (`trimtab import` does), or give s3://…"
        )


def _whole(call: Call[Any, Any]) -> None:
    """Imports tell of the bills of every account."""
    everything_only(call.principal, "read imports")


def _on_wire(record: ImportRecord) -> wire.Import:
    return wire.Import(
        record.id,
        record.source,
        record.location,
        record.format,
        record.state.value,
        record.started_ms,
        record.ended_ms,
        record.rows,
        list(record.months),
        record.problem,
        None if record.receipt is None else _receipt(record.receipt),
    )


def _receipt(receipt: Receipt) -> wire.Receipt:
    return wire.Receipt(
        receipt.source,
        receipt.format,
        list(receipt.files),
        receipt.lines,
        list(receipt.months),
        receipt.replaced_lines,
        {currency: f"{amount:f}" for currency, amount in receipt.billed().items()},
        {currency: f"{amount:f}" for currency, amount in receipt.exact().items()},
        [
            wire.Total(
                one.currency,
                one.charge_category,
                one.line_item_type,
                one.lines,
                *(f"{amount:f}" for amount in (one.billed, one.exact, one.effective, one.list_cost)),
            )
            for one in receipt.totals
        ],
        [wire.Skipped(one.reason, one.lines, one.example) for one in receipt.skipped],
        list(receipt.notes),
        list(receipt.overlaps),
    )


def _mapping(one: mapping.Mapping) -> wire.Mapping:
    return wire.Mapping(one.name, one.about, one.assumed, one.detect, mapping.text_of(one.name))


def _held(one: Held) -> wire.Held:
    totals = {currency: f"{amount:f}" for currency, amount in one.totals.items()}
    return wire.Held(one.source, one.month, one.import_id, one.lines, list(one.accounts), totals)
