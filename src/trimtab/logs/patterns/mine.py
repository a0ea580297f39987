"""The templates of lines: masked, then merged."""

from collections.abc import Sequence

from trimtab.logs.patterns.mask import Masker
from trimtab.logs.patterns.merge import templates


def mine(lines: Sequence[str]) -> list[str]:
    """The template of each line, in the order of the lines."""
    masker = Masker()
    masked = [masker.mask(line) for line in lines]
    found = templates(masked)
    return [found[line] for line in masked]
