"""Tokens of one call of a model, by kind, in one meaning whatever the vendor counts.

`input` is the whole prompt, `output` all that was generated. The other kinds are parts of one of both: what was read
from a cache or written to one, audio and images of the prompt; reasoning, audio and images of the answer. None is
*unknown*: the vendor did not say it. Nothing here turns unknown into 0.
"""

from collections.abc import Iterable

from msgspec import Struct

from trimtab.base.records import replace


class Tokens(Struct, frozen=True, kw_only=True, gc=False):
    """How many tokens of each kind; None where it was not said."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    tool_input: int | None = None
    """Of the prompt: what tools that the vendor ran put into it (Gemini)."""
    searches: int | None = None
    """Search units and web searches, which vendors bill beside tokens."""

    @property
    def known(self) -> bool:
        """Whether both the prompt and the answer are counted."""
        return self.input is not None and self.output is not None

    @property
    def fresh_input(self) -> int | None:
        """The prompt without what was read from or written to a cache; None where the prompt is unknown."""
        if self.input is None:
            return None
        return max(self.input - (self.cache_read or 0) - (self.cache_write or 0), 0)


KINDS: tuple[str, ...] = Tokens.__struct_fields__
"""The kinds, in their order."""
UNKNOWN = Tokens()


def merged(first: Tokens, then: Tokens) -> Tokens:
    """`first`, and of `then` what `first` does not say."""
    missing = {
        kind: value for kind in KINDS if getattr(first, kind) is None and (value := getattr(then, kind)) is not None
    }
    return replace(first, **missing) if missing else first


def total(every: Iterable[Tokens]) -> Tokens:
    """Sums by kind of what is known; a kind that nobody says stays unknown."""
    sums: dict[str, int] = {}
    for tokens in every:
        for kind in KINDS:
            value = getattr(tokens, kind)
            if value is not None:
                sums[kind] = sums.get(kind, 0) + value
    return Tokens(**sums)
