"""Sizing from load tests, the policies that are chosen from it, and load tests that are asked of the server."""

from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from trimtab.access.principal import Principal, Role
from trimtab.client import sizing_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.inference.adoption import Adoption
from trimtab.inference.advisor import Advisor
from trimtab.inference.orders import Asked, Order, Orders
from trimtab.inference.policies import ChosenPolicy, PolicyStore
from trimtab.inference.sizing import TARGET_SHARE, Policy, Sizing, Wanted

_TAG = "inference"
_ORDERS, _POLICIES = "/rest/v1/load-test-orders", "/rest/v1/endpoint-policies"
Rate = Annotated[float, Meta(ge=0, le=1e9)]


class SizingQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sized, and what it must bear."""

    name: Annotated[str, Meta(min_length=1, max_length=256, description="The load tests' name, or their endpoint.")]
    peak: Annotated[Rate, Meta(description="Requests a second at the peak; 0: one instance.")] = 0.0
    mean: Annotated[Rate, Meta(description="Requests a second on average; 0: not known.")] = 0.0
    share: Annotated[float, Meta(ge=0.05, le=1, description="Of each capacity, held at the peak.")] = TARGET_SHARE
    estimated: Annotated[bool, Meta(description="Types that were not measured too, estimated.")] = False


class PolicyQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose policy."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=256, description="The endpoint.")]


class SizingDesk(Struct, frozen=True):
    """What the operations need. `account` and `region` are the server's own."""

    advisor: Advisor
    policies: PolicyStore
    adoption: Adoption
    orders: Orders
    account: str
    region: str

    def account_of(self, principal: Principal) -> str:
        """The account in which a caller writes."""
        return principal.account or self.account


def operations(needs: SizingDesk) -> list[Operation]:
    """The operations."""

    async def sized(call: Call[SizingQuery, None]) -> wire.Sizings:
        asked = call.query
        wanted = Wanted(asked.peak, asked.mean, asked.share)
        found = await needs.advisor.sized(call.principal.scope, asked.name, wanted, estimated=asked.estimated)
        return wire.Sizings([sizing_answer(one) for one in found])

    async def policies(call: Call[NoQuery, None]) -> wire.Policies:
        return wire.Policies([_chosen(one) for one in await needs.policies.listed(call.principal.scope)])

    async def choose(call: Call[NoQuery, wire.Choice]) -> wire.ChosenPolicy:
        policy = Policy(**structs.asdict(call.body.policy))
        account = needs.account_of(call.principal)
        return _chosen(await needs.adoption.choose(account, call.body.endpoint, policy, call.principal.name))

    async def forget(call: Call[PolicyQuery, None]) -> wire.Deleted:
        await needs.adoption.forget(call.principal.scope, call.query.endpoint)
        return wire.Deleted(call.query.endpoint)

    return [
        Operation("GET", "/rest/v1/sizing", "size from load tests",
                  "Type × count × scaling target, the cheapest first.", sized, wire.Sizings,
                  query=SizingQuery, errors=(404,), tag=_TAG),
        Operation("GET", _POLICIES, "list endpoint policies", "The policies that were chosen.", policies, wire.Policies,
                  tag=_TAG),
        Operation("PUT", _POLICIES, "choose endpoint policy",
                  "Make it the endpoint's policy, and a scaling target that is observed.", choose, wire.ChosenPolicy,
                  body=wire.Choice, role=Role.WRITE, tag=_TAG),
        Operation("DELETE", _POLICIES, "forget endpoint policy", "Choose nothing for an endpoint.", forget,
                  wire.Deleted, query=PolicyQuery, errors=(404,), role=Role.WRITE, tag=_TAG),
        *_order_operations(needs),
    ]  # fmt: skip


def _order_operations(needs: SizingDesk) -> list[Operation]:
    async def order(call: Call[NoQuery, wire.Ask]) -> wire.Order:
        body, who = call.body, call.principal
        asked = Asked(body.slo_ms, body.slo_share, body.seconds, body.variant)
        place = needs.account_of(who), needs.region
        return order_answer(await needs.orders.order(place, body.endpoint, asked, who.name))

    async def orders(call: Call[NoQuery, None]) -> wire.Orders:
        return wire.Orders([order_answer(one) for one in await needs.orders.listed(call.principal.scope)])

    async def get(call: Call[NoQuery, None]) -> wire.Order:
        return order_answer(await needs.orders.get(call.principal.scope, call.path["id"]))

    async def stop(call: Call[NoQuery, None]) -> wire.Order:
        return order_answer(await needs.orders.stop(call.principal.scope, call.path["id"]))

    one: Any = {"path_parameters": {"id": "The id of the order."}, "tag": _TAG}
    return [
        Operation("GET", _ORDERS, "list ordered load tests", "Tests that were asked of the server, the newest first.",
                  orders, wire.Orders, tag=_TAG),
        Operation("POST", _ORDERS, "order load test", "Have the server find the capacity of a registered endpoint.",
                  order, wire.Order, body=wire.Ask, errors=(404, 409), role=Role.WRITE, tag=_TAG),
        Operation("GET", f"{_ORDERS}/{{id}}", "get ordered load test", "One test that was asked of the server.", get,
                  wire.Order, errors=(404,), **one),
        Operation("POST", f"{_ORDERS}/{{id}}/stop", "stop ordered load test", "End a test that waits or runs.", stop,
                  wire.Order, errors=(404, 409), role=Role.WRITE, **one),
    ]  # fmt: skip


def sizing_answer(one: Sizing) -> wire.Sizing:
    """A sizing on the wire."""
    return wire.Sizing(
        one.test_id, one.name, one.instance_type, dict(one.parameters), one.capacity, one.latency_ms, one.count,
        round(one.target_per_min, 3), _text(one.per_hour), _text(one.fleet_per_hour), one.currency, one.basis,
        _text(one.per_1k), _text(one.per_1m_tokens), one.setup_s, dict(one.busy), one.joules, one.bottleneck, one.spot,
        one.batch, one.estimate, one.on_front,
    )  # fmt: skip


def order_answer(one: Order) -> wire.Order:
    """An order on the wire."""
    asked = one.asked
    return wire.Order(
        one.id, one.endpoint, one.status, asked.slo_ms, asked.slo_share, asked.seconds, one.problem, one.test_id,
        one.asked_ms, one.asked_by,
    )  # fmt: skip


def _chosen(one: ChosenPolicy) -> wire.ChosenPolicy:
    policy = one.policy
    kept = wire.Policy(
        policy.instance_type, policy.count, policy.target_per_min, policy.test_id, dict(policy.parameters)
    )
    return wire.ChosenPolicy(one.account, one.endpoint, kept, one.made_ms, one.made_by, list(one.targets))


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
