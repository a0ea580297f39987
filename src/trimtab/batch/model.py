"""Words of a batch job: what is transformed, how it is cut into pieces, and what came of each."""

from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput

Split = Literal["None", "Line", "RecordIO", "TFRecord"]
MIB = 1 << 20
MOST_PAYLOAD_MIB = 100


class Spec(Struct, frozen=True):
    """A job. `model` is a URL that takes POST, or `module:function` (bytes -> bytes) that worker processes import.

    `payload_bytes` bounds a request (0: none), `batch_records` the records in one (0: as many as fit, adaptively).
    `error_limit` is how many records may fail before the job does; those that fail leave an error row in their place.
    A worker that has been at a piece for `slice_s` keeps what it has and gives the rest back, for any that is free;
    pieces have `piece_bytes` (0: a 64th of the input, from 1 MiB to 16 MiB: each is synced to disk when it is done).
    `address` is connected to instead of what the URL's host resolves to.
    """

    inputs: tuple[Path, ...]
    output: Path
    model: str
    split: Split = "None"
    multi_record: bool = True
    assemble_line: bool = True
    payload_bytes: int = 6 * MIB
    batch_records: int = 0
    join_input: bool = False
    input_filter: str = "$"
    output_filter: str = "$"
    content_type: str = "application/jsonlines"
    accept: str = ""
    timeout_s: float = 600.0
    retries: int = 3
    error_limit: int = 0
    piece_bytes: int = 0
    slice_s: float = 2.0
    workers: int = 0
    root: Path | None = None
    headers: tuple[tuple[str, str], ...] = ()
    address: str = ""

    def __post_init__(self) -> None:
        if self.split not in ("None", "Line", "RecordIO", "TFRecord"):
            raise InvalidInput(f"cannot split by {self.split!r}: expected None, Line, RecordIO or TFRecord")
        if not 0 <= self.payload_bytes <= MOST_PAYLOAD_MIB * MIB:
            raise InvalidInput(f"cannot send payloads of {self.payload_bytes} bytes: at most {MOST_PAYLOAD_MIB} MiB")
        if self.join_input and self.split not in ("None", "Line"):
            raise InvalidInput(f"cannot join the input of {self.split} records: only of lines and whole files")

    @property
    def is_url(self) -> bool:
        """Whether the model answers over HTTP."""
        return self.model.startswith(("http://", "https://"))

    @property
    def kind(self) -> str:
        """What records are: csv, json or bytes."""
        text = self.content_type.lower()
        return "csv" if "csv" in text else "json" if "json" in text else "bytes"


class Piece(Struct, frozen=True):
    """A stretch of one file: the records that begin in `[start, end)` bytes."""

    file: int
    start: int
    end: int

    @property
    def name(self) -> str:
        """Under which its output is kept until its file is whole."""
        return f"{self.file:06d}-{self.start:015d}-{self.end:015d}"


class ErrorRow(Struct, frozen=True):
    """A record that failed: the byte at which it begins in its file, and why."""

    at: int
    problem: str


class Done(Struct, frozen=True):
    """A piece that is transformed and kept. `asked` is the piece that was begun, which may have been longer."""

    piece: Piece
    records: int
    requests: int
    seconds: float
    errors: tuple[ErrorRow, ...] = ()
    batch_records: int = 0
    asked: Piece | None = None


class Progress(Struct, frozen=True):
    """How far a job is. `eta_s` is None until it is known; `cost` of a job whose machine has a price.

    `pieces_kept`, `bytes_kept` and `records_kept` are what an earlier run had finished; `seconds` and `records_per_s`
    are of this one. `first_errors` say where and why records failed.
    """

    status: str
    bytes_total: int
    bytes_done: int
    pieces_total: int
    pieces_done: int
    pieces_kept: int
    records: int
    errors: int
    requests: int
    seconds: float
    records_per_s: float
    workers: int
    batch_records: int
    eta_s: float | None = None
    cost: str | None = None
    currency: str = ""
    problem: str = ""
    outputs: tuple[str, ...] = field(default=())
    bytes_kept: int = 0
    records_kept: int = 0
    first_errors: tuple[str, ...] = ()
