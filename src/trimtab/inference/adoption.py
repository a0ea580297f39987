"""A policy that is chosen for an endpoint goes to whoever scales: there it is a target with target tracking, observed.

Nothing is scaled by a choice. The engine says what it would do, and acts only when somebody switches the target to act.
"""

import math
import re
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.inference.advisor import Advisor
from trimtab.inference.policies import ChosenPolicy, PolicyStore
from trimtab.inference.sizing import Policy, capacity_of
from trimtab.inventory.served.model import CONFIG, ENDPOINT
from trimtab.inventory.served.store import ServedStore

_VARIANT = "AllTraffic"  # SageMaker's name of the only variant, where an endpoint is not registered here
_LONGEST = 63  # characters of an endpoint's name


class Scalable(Struct, frozen=True):
    """A variant of an endpoint as it is to be scaled: at most `most` instances, `target_per_min` invocations each.

    `capacity` is requests a second that an instance bears within its objective, `launch_s` how long one takes to
    start (0: not measured), `per_hour` what one costs (None: no list price).
    """

    account: str
    region: str
    endpoint: str
    variant: str
    most: int
    target_per_min: float
    capacity: float
    launch_s: float
    per_hour: Decimal | None
    currency: str

    @property
    def resource(self) -> str:
        """Its name for Application Auto Scaling."""
        return f"endpoint/{self.endpoint}/variant/{self.variant}"


class Engine(Protocol):
    """What scales: the scaling room, by way of the composition root."""

    async def adopt(self, one: Scalable) -> str:
        """Register a variant, in mode observe, with its policy; the target's id. Raises InvalidInput, LimitExceeded."""
        ...

    async def release(self, account: str, target_id: str) -> None:
        """Take the policy away from a target; one that is gone is no error."""
        ...


class Adoption(Struct):
    """Chooses policies and hands them over. `engine` is set by the composition root; None keeps them here alone."""

    policies: PolicyStore
    served: ServedStore
    advisor: Advisor
    region: str
    engine: Engine | None = None

    async def choose(self, account: str, endpoint: str, policy: Policy, by: str) -> ChosenPolicy:
        """Make it the endpoint's policy, in place of the one before. Raises InvalidInput, LimitExceeded."""
        engine = self.engine
        handed = [] if engine is None else await self._scalable(account, endpoint, policy)
        ids = [await engine.adopt(one) for one in handed] if engine is not None else []
        return await self.policies.choose(account, endpoint, policy, by, ids)

    async def forget(self, scope: Scope, endpoint: str) -> None:
        """Choose nothing for an endpoint; its targets stay, without this policy. Raises NotFound."""
        known = await self.policies.of(scope, endpoint)
        await self.policies.delete(scope, endpoint)
        if self.engine is not None and known is not None:
            for id_ in known.targets:
                await self.engine.release(known.account, id_)

    async def _scalable(self, account: str, endpoint: str, policy: Policy) -> list[Scalable]:
        """The variants that share the policy's instances."""
        name = re.sub(r"[^A-Za-z0-9-]+", "-", endpoint).strip("-")[:_LONGEST].strip("-")
        if not name:
            raise InvalidInput(f"cannot scale endpoint {endpoint!r}: its name has no letter and no digit")
        price = self.advisor.price(policy.instance_type)
        test = await self.advisor.test(account, policy.test_id)
        capacity = capacity_of(test) if test is not None else None
        whole = Scalable(
            account, self.region, name, _VARIANT, policy.count, policy.target_per_min,
            capacity.value if capacity is not None else policy.target_per_min / 60,
            test.setup_s if test is not None else 0.0,
            price.per_hour if price is not None else None, price.currency if price is not None else "USD",
        )  # fmt: skip
        weights = await self._variants(account, endpoint)
        shares = {variant: weight / (sum(weights.values()) or 1.0) for variant, weight in weights.items()}
        return [
            replace(whole, variant=variant, most=max(1, math.ceil(policy.count * share)))
            for variant, share in (shares or {_VARIANT: 1.0}).items()
        ]

    async def _variants(self, account: str, endpoint: str) -> dict[str, float]:
        """The weights of a registered endpoint's variants; nothing of one that is not registered here."""
        try:
            found = await self.served.get((account, self.region), ENDPOINT, endpoint)
            config = await self.served.get((account, self.region), CONFIG, found.form["EndpointConfigName"])
        except NotFound:
            return {}
        changed = found.state.get("variants") or {}
        return {
            one["VariantName"]: float(
                (changed.get(one["VariantName"]) or {}).get("DesiredWeight", one.get("InitialVariantWeight", 1.0))
            )
            for one in config.form["ProductionVariants"]
        }
