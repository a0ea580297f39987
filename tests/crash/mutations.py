"""Ways to spoil a recorded request: bits, cuts, splices, huge numbers, other words, lying lengths, endless nesting."""

import random
import re

_HUGE = [b"9" * 400, b"1e308", b"-1e999", b"-1", b"NaN", b"18446744073709551616", b"1e-400", b"0" * 50, b"null", b'""']
_WORDS = [
    b'""',
    b'"\\u0000"',
    b'"' + b"x" * 2000 + b'"',
    b'"\\ud800"',
    '"é😀"'.encode(),
    b'"1"',
    b"[]",
    b"{}",
    b"true",
    b"-0",
]
_VARINTS = [b"\xff" * 9 + b"\x01", b"\xff" * 10, b"\x80" * 20, b"\xff\xff\xff\xff\x07", b"\x00", b"\xff" * 8]


def flip(data: bytearray, chance: random.Random, _other: bytes) -> None:
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random, _other: bytes) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 4, 1 << 20))]


def splice(data: bytearray, chance: random.Random, other: bytes) -> None:
    start = chance.randrange(len(other))
    at = chance.randrange(len(data))
    data[at : at + chance.choice((0, 30))] = other[start : start + chance.randrange(1, 200)]


def repeat(data: bytearray, chance: random.Random, _other: bytes) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.randrange(1, 60)] * chance.choice((1, 3, 50))


def number(data: bytearray, chance: random.Random, _other: bytes) -> None:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", bytes(data)))
    if found:
        one = chance.choice(found)
        data[one.start() : one.end()] = chance.choice(_HUGE)


def word(data: bytearray, chance: random.Random, other: bytes) -> None:
    """A string of JSON becomes another one, so that the document still reads."""
    found = list(re.finditer(rb'"[^"]*"', bytes(data)))
    if found:
        one = chance.choice(found)
        given = re.findall(rb'"[^"]*"', other) or [b'""']
        data[one.start() : one.end()] = chance.choice((*_WORDS, chance.choice(given), chance.choice(found).group()))


def length(data: bytearray, chance: random.Random, _other: bytes) -> None:
    """Lengths and numbers of protobuf, cbor and snappy are a few bytes anywhere."""
    at = chance.randrange(len(data))
    data[at : at + 1] = chance.choice(
        (*_VARINTS, bytes([chance.randrange(256)]), b"\x1b" + b"\xff" * 8, b"\x9f", b"\xbf")
    )


def nest(data: bytearray, chance: random.Random, _other: bytes) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.choice((b"[", b'{"a":', b"\x81", b"\xa1", b"\x0a")) * chance.choice((3, 300, 5000))


MUTATIONS = (flip, flip, cut, splice, repeat, number, number, word, word, word, length, length, nest)


def mutate(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """`data` after one to three mutations; `other` is what pieces come from."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if made:
            chance.choice(MUTATIONS)(made, chance, other)
    return bytes(made)
