"""Labels of a series: checked, and written as Prometheus writes them."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from trimtab.base.errors import InvalidInput
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import LENGTH

_LABEL, _NAME, _VALUE = 1, 1, 2  # TimeSeries.labels, Label.name, Label.value of remote write 1.0
_LABEL_TAG = _LABEL << 3 | LENGTH
_LONG = 128  # from here a length takes two bytes
_EXAMPLE_LABELS, _EXAMPLE_LENGTH = 8, 200


def make_labels(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The labels of a series; an empty value is no label. Raises InvalidInput for a name that is empty or repeated."""
    labels: dict[str, str] = {}
    for name, value in pairs:
        if not name:
            raise InvalidInput("a series has a label without a name")
        if name in labels:
            raise InvalidInput("a series has a label twice")
        labels[name] = value
    return {name: value for name, value in labels.items() if value}


def read_labels(block: bytes) -> dict[str, str]:
    """The labels of a label block of remote write 1.0. Raises InvalidInput."""
    return make_labels(read_pairs(block))


def read_pairs(block: bytes) -> Iterator[tuple[str, str]]:
    """The labels of such a block as they come, unchecked. Raises Malformed where one cannot be read."""
    at, size = 0, len(block)
    while at + 2 <= size and block[at] == _LABEL_TAG and block[at + 1] < _LONG:
        end = at + 2 + block[at + 1]
        if end > size:
            break
        yield _label(block[at + 2 : end])  # nearly all are this short
        at = end
    for number, kind, _, start, end in wire.fields(block, at, size):
        if number == _LABEL and kind == LENGTH:
            yield _read(block, start, end)


@lru_cache(maxsize=16_384)
def _label(message: bytes) -> tuple[str, str]:
    """A Label message: of series that come for the first time most labels have come before. 5 MB."""
    return _read(message, 0, len(message))


def _read(block: bytes, start: int, end: int) -> tuple[str, str]:
    name = value = ""
    for part, kind, _, begin, stop in wire.fields(block, start, end):
        if part == _NAME and kind == LENGTH:
            name = wire.text(block, begin, stop)
        elif part == _VALUE and kind == LENGTH:
            value = wire.text(block, begin, stop)
    return name, value


def written(pairs: Iterable[tuple[str, str]]) -> str:
    """`name{key="value", …}`, of the first labels and the first characters of each: senders may send anything."""
    shown = dict(islice(pairs, _EXAMPLE_LABELS + 1))
    name = shown.pop("__name__", "")
    rest = [f'{key[:_EXAMPLE_LENGTH]}="{value[:_EXAMPLE_LENGTH]}"' for key, value in shown.items()]
    return f"{name[:_EXAMPLE_LENGTH]}{{{', '.join(rest[:_EXAMPLE_LABELS])}}}"
