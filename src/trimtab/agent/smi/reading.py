"""Reads what any of the tools printed, told apart by what is in it."""

from trimtab.agent.smi import amd_json, exporter_page, nvidia_xml
from trimtab.agent.smi.sample import Recording
from trimtab.base.errors import InvalidInput


def read(text: str) -> Recording:
    """The GPUs of an output of nvidia-smi, rocm-smi or amd-smi, or of a page of nvidia_gpu_exporter. Raises
    InvalidInput for any other text.
    """
    plain = text.lstrip("\ufeff \t\r\n")
    if plain.startswith("<"):
        return nvidia_xml.read(plain)
    if plain.startswith(("{", "[")):
        return amd_json.read(plain)
    if exporter_page.is_page(text):
        return exporter_page.read(text)
    raise InvalidInput(
        f"cannot read GPUs from {plain[:40]!r}: expected what `nvidia-smi -q -x`, `rocm-smi -a --json` or `amd-smi "
        "metric --json` prints, or a page of nvidia_gpu_exporter"
    )
