"""A Parquet file in pieces: row groups as they come, the footer last, so that no more than one is held."""

import io
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.ipc as ipc

from trimtab.base.later import Later

pc = Later("pyarrow.compute")
pq = Later("pyarrow.parquet")

MONEY = pa.decimal128(38, 12)
TIME = pa.timestamp("ms", "UTC")


class _Pieces(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        part = bytes(data)  # type: ignore[call-overload] # a buffer, as the base class has it
        self._held += part
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        """What was written since, which is forgotten."""
        part = bytes(self._held)
        self._held.clear()
        return part


def parquet(types: Mapping[str, pa.DataType], parts: Iterable[bytes]) -> Iterator[bytes]:
    """`parts`, each a table as an Arrow stream with the columns of `types`, as the bytes of one Parquet file."""
    pieces = _Pieces()
    with pq.ParquetWriter(pieces, pa.schema(list(types.items())), compression="zstd") as writer:
        for part in parts:
            with ipc.open_stream(part) as stream:
                table = stream.read_all()
            if table.num_rows:
                writer.write_table(pa.table({name: _cast(table[name], type_) for name, type_ in types.items()}))
            yield pieces.take()
    yield pieces.take()


def _cast(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    """The column in its type; the engine gives times as seconds without a sign."""
    if pa.types.is_timestamp(type_) and pa.types.is_integer(column.type):
        return pc.cast(pc.cast(column, pa.int64()), pa.timestamp("s", "UTC")).cast(type_)
    return column.cast(type_)
