"""What accelerators can do at most, from their makers' data sheets (read 2026-11-28): dense figures, without sparsity.

`tensor_tflops` is of the fastest 8-bit format that servers use (FP8, INT8), `half_tflops` of 16 bit.
"""

import re

from msgspec import Struct


class Accelerator(Struct, frozen=True):
    """One accelerator: TFLOPS (TOPS for integers), GB/s, GiB and watts of its board."""

    name: str
    tensor_tflops: float
    half_tflops: float
    bandwidth_gbs: float
    memory_gib: float
    watts: float


_TABLE = (
    # name, 8 bit, 16 bit, GB/s, GiB, W
    ("B200", 4500, 2250, 8000, 180, 1000),
    ("GH200-144GB", 1979, 989, 4900, 144, 1000),
    ("GH200-96GB", 1979, 989, 4000, 96, 1000),
    ("H200-SXM", 1979, 989, 4800, 141, 700),
    ("H200-NVL", 1671, 836, 4800, 141, 600),
    ("H100-SXM", 1979, 989, 3350, 80, 700),
    ("H100-NVL", 1671, 836, 3900, 94, 400),
    ("H100-PCIe", 1513, 757, 2000, 80, 350),
    ("A100-SXM-80GB", 624, 312, 2039, 80, 400),
    ("A100-SXM-40GB", 624, 312, 1555, 40, 400),
    ("A100-PCIe-80GB", 624, 312, 1935, 80, 300),
    ("A100-PCIe-40GB", 624, 312, 1555, 40, 250),
    ("A30", 330, 165, 933, 24, 165),
    ("A10G", 140, 70, 600, 24, 300),
    ("A10", 250, 125, 600, 24, 150),
    ("A2", 36, 18, 200, 16, 60),
    ("L40S", 733, 362, 864, 48, 350),
    ("L40", 362, 181, 864, 48, 300),
    ("L4", 242, 121, 300, 24, 72),
    ("T4", 130, 65, 320, 16, 70),
    ("V100", 125, 125, 900, 32, 300),
    ("RTX 4090", 661, 330, 1008, 24, 450),
    ("RTX A5000", 222, 111, 768, 24, 230),
    ("RTX A6000", 310, 155, 768, 48, 300),
    ("Orin AGX", 85, 43, 205, 64, 60),
    ("Orin NX", 50, 25, 102, 16, 25),
    ("MI300X", 2615, 1307, 5300, 192, 750),
    ("MI250X", 383, 383, 3277, 128, 560),
    ("TPU v4", 275, 275, 1228, 32, 192),
    ("TPU v5e", 393, 197, 819, 16, 220),
    ("TPU v5p", 918, 459, 2765, 95, 350),
    ("TPU v6", 1836, 918, 1640, 32, 300),
    ("Gaudi 2", 865, 432, 2450, 96, 600),
    ("Gaudi 3", 1835, 1835, 3700, 128, 900),
    ("Inferentia2", 190, 190, 820, 32, 75),
    ("Cloud AI 100 Ultra", 870, 288, 548, 128, 150),
    ("Cloud AI 100", 350, 175, 137, 32, 75),
    ("speedAI240", 960, 480, 100, 32, 75),
)
ACCELERATORS = tuple(Accelerator(*row) for row in _TABLE)
_FORM = {"SXM": ("sxm", "sxm4", "sxm5"), "PCIe": ("pcie",), "NVL": ("nvl",)}
_ALSO = {
    "trillium": "TPU v6",
    "inf2": "Inferentia2",
    "gracehopper": "GH200-96GB",
    "geforce4090": "RTX 4090",
    "agxorin": "Orin AGX",
    "orinagx": "Orin AGX",
    "qualcommcloudai100ultra": "Cloud AI 100 Ultra",
}


def accelerator(text: str) -> Accelerator | None:
    """The accelerator that a text names (`NVIDIA H100-SXM-80GB`); None for one that is not in the table.

    Of several forms that fit, the one that shares most with the text; without a form, the first of the table.
    """
    flat = re.sub(r"[^a-z0-9]", "", text.lower())
    best: tuple[int, int, Accelerator] | None = None
    for position, one in enumerate(ACCELERATORS):
        model, *form = one.name.split("-")
        key = re.sub(r"[^a-z0-9]", "", model.lower())
        if not re.search(rf"(?<![a-z0-9]){re.escape(key)}(?![0-9]|[a-z](?![a-z]))", _spaced(text, key)):
            continue
        fits = sum(any(word in flat for word in _FORM.get(part, (part.lower(),))) for part in form)
        rank = (len(key), fits)
        if best is None or rank > best[:2]:
            best = (*rank, ACCELERATORS[position])
    if best is None:
        also = next((name for words, name in _ALSO.items() if words in flat), "")
        return next((one for one in ACCELERATORS if one.name == also), None)
    return best[2]


def _spaced(text: str, key: str) -> str:
    """The text in small letters with the separators inside `key` removed, so that `RTX-4090` reads `rtx4090`."""
    lower = text.lower()
    pattern = r"[\s_-]*".join(map(re.escape, key))
    return re.sub(pattern, key, lower)
