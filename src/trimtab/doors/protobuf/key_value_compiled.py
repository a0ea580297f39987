"""OpenTelemetry's KeyValue, compiled: a plain value (text, integer, boolean) is read, of another its place is told.

Field numbers: opentelemetry-proto, common.proto.
"""

import numpy as np
import numpy.typing as npt

from trimtab.doors.protobuf.jit import compiled
from trimtab.doors.protobuf.primitives import LENGTH, VARINT, Bytes, Int, extent, tag, varint
from trimtab.doors.protobuf.rowbinary_compiled import digits, is_utf8

Table = npt.NDArray[np.int64]

TEXT, INT, TRUE, FALSE, OTHER = 1, 2, 3, 4, 5
"""Types of a value. OTHER: a double, bytes, an array or a map, whose text plain Python makes of its AnyValue."""


@compiled
def key_value(body: Bytes, at: Int, end: Int, attributes: Table, row: Int) -> bool:
    """Fill a row: key (start, end), value (start, end, or the number in the first), length as text, type.

    Whether it can be read; a length of 0 says that the attribute is empty. That of OTHER is not known yet: it is 1.
    """
    attributes[row, 0] = attributes[row, 1] = attributes[row, 4] = attributes[row, 5] = 0
    while at < end:
        field, wire, at = tag(body, at, end)
        if at < 0 or wire != LENGTH:
            return False
        start, at = extent(body, at, end)
        if at < 0:
            return False
        if field == 1 and is_utf8(body, start, at):
            attributes[row, 0], attributes[row, 1] = start, at
        elif field == 2:
            if not _any_value(body, start, at, attributes, row):
                return False
        else:
            return False
    return True


@compiled
def _any_value(body: Bytes, at: Int, end: Int, attributes: Table, row: Int) -> bool:
    if at == end:
        return True
    whole = at
    field, wire, at = tag(body, at, end)
    if at < 0:
        return False
    if field == 1 and wire == LENGTH:
        start, at = extent(body, at, end)
        attributes[row, 2], attributes[row, 3], attributes[row, 4], attributes[row, 5] = start, at, at - start, TEXT
        return bool(at == end) and is_utf8(body, start, at)
    if wire == VARINT and field in (2, 3):
        value, at = varint(body, at, end)
        if at != end:
            return False
        if field == 3:
            attributes[row, 2], attributes[row, 4], attributes[row, 5] = value, digits(value), INT
        elif value:
            attributes[row, 4], attributes[row, 5] = 4, TRUE
        else:
            attributes[row, 4], attributes[row, 5] = 5, FALSE
        return True
    attributes[row, 2], attributes[row, 3], attributes[row, 4], attributes[row, 5] = whole, end, 1, OTHER
    return True
