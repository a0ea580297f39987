"""The hash of a label set that Prometheus has: xxHash64 over its labels, each text after its length.

Sources: Prometheus, model/labels/labels_stringlabels.go; xxHash specification, XXH64.
"""

from trimtab.metrics.promql.labels import Labels

_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MASK = 2**64 - 1
_LONG = 255  # from here a length takes a byte of 255 and three more


def label_hash(labels: Labels) -> int:
    """The 64-bit hash of a label set."""
    return xxh64(b"".join(_text(part) for pair in labels for part in pair))


def _text(text: str) -> bytes:
    raw = text.encode(errors="surrogateescape")
    size = len(raw)
    return (bytes((size,)) if size < _LONG else b"\xff" + size.to_bytes(3, "little")) + raw


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0."""
    at, size = 0, len(data)
    if size >= 32:
        lanes = [_P1 + _P2 & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= size:
            for lane in range(4):
                lanes[lane] = _round(lanes[lane], int.from_bytes(data[at : at + 8], "little"))
                at += 8
        turns = zip(lanes, (1, 7, 12, 18), strict=True)
        mixed = sum(_rotated(lane, by) for lane, by in turns) & _MASK
        for lane in lanes:
            mixed = ((mixed ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        mixed = _P5
    return _finished(_tail(mixed + size & _MASK, data[at:]))


def _tail(mixed: int, rest: bytes) -> int:
    at = 0
    while at + 8 <= len(rest):
        mixed ^= _round(0, int.from_bytes(rest[at : at + 8], "little"))
        mixed = (_rotated(mixed, 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= len(rest):
        mixed ^= int.from_bytes(rest[at : at + 4], "little") * _P1 & _MASK
        mixed = (_rotated(mixed, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in rest[at:]:
        mixed = _rotated(mixed ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    return mixed


def _finished(mixed: int) -> int:
    mixed = (mixed ^ (mixed >> 33)) * _P2 & _MASK
    mixed = (mixed ^ (mixed >> 29)) * _P3 & _MASK
    return mixed ^ (mixed >> 32)


def _round(lane: int, word: int) -> int:
    return _rotated((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


def _rotated(word: int, by: int) -> int:
    return (word << by | word >> (64 - by)) & _MASK
