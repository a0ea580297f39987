"""What the simulation hands to the doors: a block of series over the same times."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.demo.noise import Floats, Times

Labels = Mapping[str, str]


class Block(Struct, frozen=True):
    """Values (series, times); NaN is "not sent". `heads` are the encoded labels of the series, in the same order."""

    account: str
    heads: list[bytes]
    times: Times
    values: Floats
