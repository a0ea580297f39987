"""GPUs in SLURM's words: trackable resources (`gres/gpu:h100=8`) and generic ones (`gpu:h100:8(IDX:0-7)`)."""

import re

from msgspec import Struct

from trimtab.sources.slurm.text import known, numbers_of

_TRES = re.compile(r"(?:^|,)gres/gpu(?::([^=,]+))?=(\d+)")
_GRES = re.compile(r"(?:^|,)(?:gres[:/])?gpu(?::([^:=,(]*[A-Za-z][^:=,(]*))?(?:[:=](\d+))?(?:\(([^)]*)\))?(?=,|$)")
_MIG = re.compile(r"(?:^|_)(\d)g\.\d+gb")
_SLICES = 7  # compute slices of a whole GPU that MIG divides (NVIDIA MIG user guide)
_INDEX = re.compile(r"IDX:([0-9,-]+)")


class Gpus(Struct, frozen=True):
    """How many GPUs (MIG instances by their share of one), of which type ("" where none is named, or several are), and
    which indexes of a node.
    """

    count: float = 0.0
    type: str = ""
    indexes: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0


def of_tres(text: str | None) -> Gpus:
    """The GPUs of a list of trackable resources. With `gres/gpu=8` and `gres/gpu:h100=8` the first counts."""
    counts: dict[str, float] = {}
    for type_, number in _TRES.findall(known(text)):
        counts[type_] = max(counts.get(type_, 0.0), _weight(type_) * int(number))
    types = [name for name in counts if name]
    mig = any(_weight(name) != 1 for name in types)  # then `gres/gpu` counts instances
    total = sum(counts[name] for name in types) if mig or "" not in counts else counts[""]
    return Gpus(total, types[0] if len(types) == 1 else "")


def of_gres(text: str | None) -> Gpus:
    """The GPUs of generic resources, configured, asked for or used: `gpu:h100:8(S:0-1)`, `gpu(IDX:0-3)`."""
    count, types, indexes = 0.0, set(), []
    for type_, number, inside in _GRES.findall(_outside(known(text))):
        place = _INDEX.search(inside.replace(";", ","))
        here = [int(one) for one in numbers_of(place[1])] if place and place[1].strip(",-") else []
        weight = _weight(type_)
        count += weight * (int(number) if number else len(here) or (0 if inside else 1))
        indexes += here if weight == 1 else []  # those of MIG instances are no GPU's
        if type_:
            types.add(type_)
    return Gpus(count, types.pop() if len(types) == 1 else "", tuple(indexes))


def _weight(type_: str) -> float:
    """GPUs that one of a type is: `1g.10gb` is a seventh."""
    found = _MIG.search(type_)
    return int(found[1]) / _SLICES if found else 1.0


def _outside(text: str) -> str:
    """Commas within brackets as semicolons, so that those between resources can be told."""
    found, depth = [], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        found.append(";" if letter == "," and depth else letter)
    return "".join(found)
