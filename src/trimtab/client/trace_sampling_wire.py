"""What travels over `/rest/v1/tail-sampling`."""

from typing import Annotated

from msgspec import Meta, Struct

_Share = Annotated[float, Meta(ge=0, le=1, description="Of the traces that neither failed nor were slow.")]
_Slow = Annotated[int, Meta(ge=0, description="Milliseconds from which a trace is slow, and kept.")]
_Delay = Annotated[int, Meta(ge=5, le=3600, description="Seconds after its last span when a trace is judged.")]


class PutTailSampling(Struct, frozen=True, forbid_unknown_fields=True):
    """What to keep of traces: all that failed or were slow, and a share of the others."""

    enabled: bool
    share: _Share = 1.0
    slow_ms: _Slow = 1000
    delay_s: _Delay = 60


class TailSampling(Struct, frozen=True):
    """What is kept of the traces of an account in a region."""

    account: str
    region: str
    enabled: bool
    share: float
    slow_ms: int
    delay_s: int
