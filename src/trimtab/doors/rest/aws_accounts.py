"""`/rest/v1/aws-accounts`: accounts of AWS that are read (role admin to connect), how far, and what it costs."""

from decimal import Decimal
from typing import Any

from trimtab.access.principal import Role, everything_only
from trimtab.accounts.model import Account, CallCount, Step
from trimtab.accounts.policy import action, policy
from trimtab.accounts.room import AccountsRoom, Plan, Standing
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import accounts_wire as wire
from trimtab.cloud.call_costs import METRIC
from trimtab.cloud.reading import Access
from trimtab.doors.rest.spec import Call, Operation

_ROOT, _TAG = "/rest/v1/aws-accounts", "aws accounts"


def operations(room: AccountsRoom) -> list[Operation]:
    """The operations on connected accounts."""

    async def listed(call: Call[Any, None]) -> wire.ConnectedAccounts:
        found = await room.store.all(call.principal.scope.accounts)
        return wire.ConnectedAccounts([_account(await room.standing(one)) for one in found])

    async def one(call: Call[Any, None]) -> wire.ConnectedAccount:
        return _account(await room.standing(await _mine(room, call)))

    async def connect(call: Call[Any, wire.ConnectAccount]) -> wire.ConnectedAccount:
        _whole(call)
        account = await room.connect(_wanted(call.body))
        return _account(await room.standing(account))

    async def plan(call: Call[Any, wire.ConnectAccount]) -> wire.AccountPlan:
        _whole(call)
        return _plan(await room.plan(_wanted(call.body)))

    async def read(call: Call[Any, None]) -> wire.ConnectedAccount:
        _whole(call)
        account = await _mine(room, call)
        await room.read(account)
        return _account(await room.standing(account))

    async def disconnect(call: Call[Any, None]) -> wire.ConnectedAccounts:
        _whole(call)
        await room.disconnect((await _mine(room, call)).account)
        return await listed(call)

    async def needed(call: Call[Any, None]) -> wire.AccountPolicy:
        return wire.AccountPolicy(policy())

    admin: dict[str, Any] = {"role": Role.ADMIN, "tag": _TAG}
    named = {"account": "The account's twelve digits."}
    # fmt: off
    return [
        Operation("GET", _ROOT, "list aws accounts", "Accounts that are read, and how far.",
                  listed, wire.ConnectedAccounts, tag=_TAG),
        Operation("POST", _ROOT, "connect aws account", "Connect an account and begin to read it.",
                  connect, wire.ConnectedAccount, body=wire.ConnectAccount, status=202, errors=(409, 429), **admin),
        Operation("GET", f"{_ROOT}/{{account}}", "get aws account", "An account, its last read and its calls.",
                  one, wire.ConnectedAccount, errors=(404,), path_parameters=named, tag=_TAG),
        Operation("DELETE", f"{_ROOT}/{{account}}", "disconnect aws account",
                  "Forget an account and its resources; metrics and audit events stay.",
                  disconnect, wire.ConnectedAccounts, errors=(404,), path_parameters=named, **admin),
        Operation("POST", f"{_ROOT}/{{account}}/reads", "read aws account", "Begin to read an account now.",
                  read, wire.ConnectedAccount, status=202, errors=(404, 409), path_parameters=named, **admin),
        Operation("POST", "/rest/v1/aws-plan", "plan aws account", "What a read would call, and what it would cost.",
                  plan, wire.AccountPlan, body=wire.ConnectAccount, errors=(429,), **admin),
        Operation("GET", "/rest/v1/aws-policy", "get aws policy", "The IAM policy that a read needs: exactly that.",
                  needed, wire.AccountPolicy, tag=_TAG),
    ]
    # fmt: on


def _whole(call: Call[Any, Any]) -> None:
    everything_only(call.principal, "connect accounts")


async def _mine(room: AccountsRoom, call: Call[Any, Any]) -> Account:
    account = call.path["account"]
    allowed = call.principal.scope.accounts
    if allowed is not None and account not in allowed:
        raise NotFound(f"account {account} is not connected")
    return await room.store.one(account)


def _wanted(body: wire.ConnectAccount) -> Account:
    if body.external_id and not body.role_arn:
        raise InvalidInput(
            "cannot use external_id without role_arn: it is told when a role is assumed", field="role_arn"
        )
    return Account(
        body.account,
        Access(body.role_arn, body.external_id, body.profile, body.endpoint),
        body.name,
        regions=tuple(dict.fromkeys(body.regions)),
        metrics=body.metrics,
        audit=body.audit,
        spot=body.spot,
        days=body.days,
        every_hours=body.every_hours,
        max_cost=Decimal(body.max_cost),
    )


def _account(one: Standing) -> wire.ConnectedAccount:
    account, read = one.account, one.read
    return wire.ConnectedAccount(
        account.account,
        account.name,
        account.access.role_arn,
        account.access.profile,
        account.access.endpoint,
        list(account.regions),
        account.metrics,
        account.audit,
        account.spot,
        account.days,
        account.every_hours,
        f"{account.max_cost:f}",
        account.added_ms,
        account.next_ms if account.every_hours else None,
        None
        if read is None
        else wire.AccountRead(
            read.id,
            read.state.value,
            read.started_ms,
            read.ended_ms,
            None if read.estimate is None else f"{read.estimate:f}",
            read.problem,
            [_step(step) for step in one.steps],
        ),
        dict(one.by_type),
        [_calls(calls) for calls in one.calls],
    )


def _step(one: Step) -> wire.AccountStep:
    return wire.AccountStep(one.region, one.name, one.state.value, one.items, one.problem, one.ended_ms)


def _calls(one: CallCount) -> wire.AccountCalls:
    counted = one.calls, one.failed, one.throttled
    return wire.AccountCalls(one.day, one.service, one.operation, *counted, f"{one.cost:f}")


def _plan(one: Plan) -> wire.AccountPlan:
    sources = [wire.PlannedSource(name, [action(call) for call in calls]) for name, calls in one.operations]
    return wire.AccountPlan(
        one.account.account,
        one.arn,
        list(one.account.regions),
        sources,
        one.calls,
        one.resources,
        one.series,
        None if one.dollars is None else f"{one.dollars:f}",
        f"{METRIC:f}",
        f"{one.account.max_cost:f}",
    )
