"""What accelerators can do at most, from their makers' data sheets: dense figures, without sparsity.

The table is `data/accelerator_speeds.csv`, a row a board with its source and the day on which it was read.
"""

import csv
import re
from functools import lru_cache
from importlib import resources

from msgspec import Struct

EIGHT_BIT = frozenset({"fp8", "int8", "mxfp8"})
"""Precisions whose peak is that of 8 bits; others are judged by that of 16 (also FP4, whose peak is not kept)."""


class Speeds(Struct, frozen=True):
    """One accelerator: TFLOPS (TOPS for integers), GB/s, GiB and watts of its board.

    `tensor_tflops` is of the fastest 8-bit format that servers use (FP8, INT8), `half_tflops` of 16 bit (BF16, FP16).
    """

    name: str
    tensor_tflops: float
    half_tflops: float
    bandwidth_gbs: float
    memory_gib: float
    watts: float
    also: tuple[str, ...]
    as_of: str
    source: str

    def peak_flops(self, precision: str = "bf16") -> float:
        """The dense peak (FLOP/s) in a precision."""
        return (self.tensor_tflops if precision.lower() in EIGHT_BIT else self.half_tflops) * 1e12


_FORM = {"SXM": ("sxm", "sxm4", "sxm5"), "PCIe": ("pcie",), "NVL": ("nvl",)}


@lru_cache(maxsize=1)
def every() -> tuple[Speeds, ...]:
    """Every row of the table, in its order."""
    text = (resources.files("trimtab.inventory.catalog") / "data" / "accelerator_speeds.csv").read_text("utf-8")
    return tuple(
        Speeds(
            name=row["name"],
            tensor_tflops=float(row["tflops_8bit"]),
            half_tflops=float(row["tflops_16bit"]),
            bandwidth_gbs=float(row["bandwidth_gbs"]),
            memory_gib=float(row["memory_gib"]),
            watts=float(row["watts"]),
            also=tuple(row["also"].split()),
            as_of=row["as_of"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )


@lru_cache(maxsize=4096)
def speeds_of(text: str) -> Speeds | None:
    """The accelerator that a text names (`NVIDIA H100-SXM-80GB`); None for one that is not in the table.

    Of several forms that fit, the one that shares most with the text; without a form, the first of the table.
    """
    flat = re.sub(r"[^a-z0-9]", "", text.lower())
    best: tuple[int, int, Speeds] | None = None
    for one in every():
        model, *form = one.name.split("-")
        key = re.sub(r"[^a-z0-9]", "", model.lower())
        if not re.search(rf"(?<![a-z0-9]){re.escape(key)}(?![0-9]|[a-z](?![a-z]))", _spaced(text, key)):
            continue
        fits = sum(any(word in flat for word in _FORM.get(part, (part.lower(),))) for part in form)
        rank = (len(key), fits)
        if best is None or rank > best[:2]:
            best = (*rank, one)
    if best is not None:
        return best[2]
    return next((one for one in every() if any(words in flat for words in one.also)), None)


def _spaced(text: str, key: str) -> str:
    """The text in small letters with the separators inside `key` removed, so that `RTX-4090` reads `rtx4090`."""
    lower = text.lower()
    pattern = r"[\s_-]*".join(map(re.escape, key))
    return re.sub(pattern, key, lower)
