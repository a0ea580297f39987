"""What simulations run is rehearsed whole, so that no page compiles any of it."""

from trimtab.scaling.rehearsal import rehearse
from trimtab.scaling.simulation import KINDS


def test_a_rehearsal_runs_every_kind_of_policy() -> None:
    assert len(KINDS) == len(rehearse().policies)
