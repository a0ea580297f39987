"""What travels over `/rest/v1/costs`. Amounts are decimal text, exact to the last digit."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

ImportFormat = Literal["auto", "cur2", "cur", "focus", "llm", "rate-card"]
ImportStateName = Literal["reading", "committing", "done", "failed"]
Amount = Annotated[str, Meta(description="Decimal text.")]


class StartImport(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bill to import: an absolute path on the server's machine, `s3://bucket/prefix`, or `upload:<id>`.

    `source` names the bill; importing again under a name replaces the months that the files hold. Empty: the location.
    """

    location: Annotated[str, Meta(min_length=1, max_length=4096)]
    format: ImportFormat = "auto"
    source: Annotated[str, Meta(max_length=512)] = ""
    add: Annotated[bool, Meta(description="Import although another source holds the same bill.")] = False
    mapping: Annotated[
        str,
        Meta(max_length=100_000, description="Name of a mapping to FOCUS, or one in TOML; none: told by the columns."),
    ] = ""


class Skipped(Struct, frozen=True):
    """Rows that were not taken."""

    reason: str
    lines: int
    example: str


class Total(Struct, frozen=True):
    """Sums of one currency, charge category and line item type. `exact` is the file's own sum of billed cost."""

    currency: str
    charge_category: str
    line_item_type: str
    lines: int
    billed: Amount
    exact: Amount
    effective: Amount
    list_cost: Amount


class Receipt(Struct, frozen=True):
    """What an import took and what it left."""

    source: str
    format: str
    files: list[str]
    lines: int
    months: list[int]
    replaced_lines: int
    billed: dict[str, Amount]
    exact: dict[str, Amount]
    totals: list[Total]
    skipped: list[Skipped]
    notes: list[str]
    overlaps: list[str]


class Progress(Struct, frozen=True):
    """How far a running import is."""

    phase: str
    files: int
    files_done: int
    rows: int
    total_rows: int | None
    bytes: int
    bytes_done: int


class Import(Struct, frozen=True):
    """An import. `receipt` is there once everything is staged, `progress` while it runs."""

    id: int
    source: str
    location: str
    format: str
    state: ImportStateName
    started_ms: Millis
    ended_ms: Millis | None
    rows: int
    months: list[int]
    problem: str = ""
    receipt: Receipt | None = None
    progress: Progress | None = None


class Held(Struct, frozen=True):
    """A billing month that a source holds."""

    source: str
    month: int
    import_id: int
    lines: int
    accounts: list[str]
    totals: dict[str, Amount] = field(default_factory=dict)


class ImportList(Struct, frozen=True):
    """The newest imports, and what every source holds."""

    imports: list[Import]
    held: list[Held]


class Mapping(Struct, frozen=True):
    """A mapping of a provider's columns to FOCUS, and its TOML. `detect`: the columns by which a file is told (a|b: any
    of them; none: it has to be named). `assumed` says what is documented of the file, and what is not.
    """

    name: str
    about: str
    assumed: str
    detect: list[str]
    toml: str


class MappingList(Struct, frozen=True):
    """The mappings that come with trimtab."""

    mappings: list[Mapping]


class Upload(Struct, frozen=True):
    """A place for the files of a bill; import it as `upload:<id>`."""

    id: str


class Uploaded(Struct, frozen=True):
    """How many bytes of a file have arrived."""

    bytes: int


class Dropped(Struct, frozen=True):
    """How many lines went."""

    lines: int
