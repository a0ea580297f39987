"""Every strategy by its word: what pages, replays and the test of the past go through."""

from collections.abc import Mapping

from trimtab.advice.rightsizing.strategies.documented import Documented
from trimtab.advice.rightsizing.strategies.nothing import Nothing
from trimtab.advice.rightsizing.strategies.percentile import MAXIMUM, P95, VPA
from trimtab.advice.rightsizing.strategies.portfolio import Portfolio
from trimtab.advice.rightsizing.strategies.strategy import Strategy

OURS = Portfolio()
FIXED: tuple[Strategy, ...] = (P95, VPA, Documented(), MAXIMUM)
"""The rules that ours is shown beside."""
STRATEGIES: Mapping[str, Strategy] = {one.name: one for one in (Nothing(), *FIXED, OURS)}
"""All of them with their defaults."""
