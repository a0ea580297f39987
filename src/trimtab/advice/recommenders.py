"""Recommenders that are more than a check: they look at histories of their own, and publish through the same store."""

from dataclasses import dataclass

from trimtab.advice.check import Setting
from trimtab.advice.finding import Action, Effort, Pillar


@dataclass(frozen=True, slots=True)
class Recommender:
    """What the catalogue and the AWS APIs say of a recommender. `id` is that of its `Judgement`s."""

    id: str
    name: str
    pillar: Pillar
    about: str
    alert: str
    source: str
    settings: tuple[Setting, ...] = ()
    action: Action = Action.RIGHTSIZE
    effort: Effort = Effort.MEDIUM


RECOMMENDERS: tuple[Recommender, ...] = ()
