"""The same comparison on services of other kinds: `python bench/eval_scaling_services.py DIR`.

DIR is in the layout of `bizitobs` (calls a minute), `alibaba_genai_v2026` (requests), `alibaba_dlrm_v2025` (instances
of the three largest services, as demand) or `alibaba_gpu_v2023` (GPUs that pods hold). The last line is JSON.
"""

from collections.abc import Iterator
from pathlib import Path

from scaling_judging import main
from scaling_traces import Array, alibaba_dlrm, alibaba_genai, alibaba_gpu, bizitobs


def services(directory: Path) -> Iterator[tuple[str, Array]]:
    """Whatever of the four layouts is there."""
    for read in (bizitobs, alibaba_genai, alibaba_dlrm, alibaba_gpu):
        yield from read(directory)


if __name__ == "__main__":
    main(services, "usage: eval_scaling_services.py DIR")
