"""Labels of a series: checked, and written as Prometheus writes them."""

from collections.abc import Iterable, Iterator
from itertools import islice

from trimtab.base.errors import InvalidInput
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import LENGTH

_LABEL, _NAME, _VALUE = 1, 1, 2  # TimeSeries.labels, Label.name, Label.value of remote write 1.0
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
    for number, kind, _, start, end in wire.fields(block, 0, len(block)):
        if number != _LABEL or kind != LENGTH:
            continue
        name = value = ""
        for part, part_kind, _, begin, stop in wire.fields(block, start, end):
            if part == _NAME and part_kind == LENGTH:
                name = wire.text(block, begin, stop)
            elif part == _VALUE and part_kind == LENGTH:
                value = wire.text(block, begin, stop)
        yield name, value


def written(pairs: Iterable[tuple[str, str]]) -> str:
    """`name{key="value", …}`, of the first labels and the first characters of each: senders may send anything."""
    shown = dict(islice(pairs, _EXAMPLE_LABELS + 1))
    name = shown.pop("__name__", "")
    rest = [f'{key[:_EXAMPLE_LENGTH]}="{value[:_EXAMPLE_LENGTH]}"' for key, value in shown.items()]
    return f"{name[:_EXAMPLE_LENGTH]}{{{', '.join(rest[:_EXAMPLE_LABELS])}}}"
