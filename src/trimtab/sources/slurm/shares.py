"""Fair shares and limits of quality of service: what `sshare` and `sacctmgr show qos` print, as text (-P) or JSON.

An account's share of its cluster is its raw shares ÷ those of all beside it, times the share of the account above it;
of a cluster with G GPUs it is entitled to share × G. (`NormShares` is of the whole or of the level, as the cluster's
algorithm has it.) Accounts without accounts below them are told. A QOS limits GPUs of all its jobs together, of an
account or of a user (`GrpTRES`, `MaxTRESPA`, `MaxTRESPU`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.sources.slurm.gres import of_tres

_ROOT = "root"


class Share(Struct, frozen=True):
    """An account's share of its cluster (0 to 1), and what it used of it, decayed; None where it is not told."""

    account: str
    share: float
    used: float | None = None


class _Node(Struct, frozen=True):
    """A row of the tree: an account, or a user's association within one; `raw` None: it has its parent's shares."""

    place: int
    parent: int | None
    account: str
    is_user: bool
    raw: float | None
    used: float | None


class Qos(Struct, frozen=True):
    """GPUs that a quality of service allows at once; None: no limit."""

    name: str
    of_group: float | None = None
    of_account: float | None = None
    of_user: float | None = None


def shares_of(text: str) -> list[Share]:
    """The shares of `sshare -a -l -P` or `sshare -a --json`. Raises InvalidInput for what is neither."""
    nodes = _of_json(text) if text.lstrip().startswith("{") else _of_text(text)
    above = {node.parent for node in nodes if not node.is_user}
    return [
        Share(node.account, share, node.used)
        for node in nodes
        if not node.is_user and node.account != _ROOT and node.place not in above
        if (share := _share(nodes, node)) is not None
    ]


def _share(nodes: Sequence[_Node], node: _Node) -> float | None:
    """Of the whole cluster: the product over the levels."""
    share = 1.0
    here: _Node | None = node
    while here is not None and here.parent is not None:
        level = sum(one.raw or 0.0 for one in nodes if one.parent == here.parent)
        if here.raw is None or level <= 0:
            return None
        share *= here.raw / level
        here = nodes[here.parent]
    return share


def _of_text(text: str) -> list[_Node]:
    """The tree of the text: an account is indented by a space a level, and a user's row is one deeper."""
    nodes: list[_Node] = []
    path: list[tuple[int, int]] = []  # (depth, place) of the accounts above
    for place, row in enumerate(_rows(text, ("Account", "User", "RawShares"), "sshare")):
        depth = len(row["Account"]) - len(row["Account"].lstrip())
        while path and path[-1][0] >= depth:
            path.pop()
        is_user = bool(row["User"].strip())
        parent = path[-1][1] if path else None
        raw, used = _float(row["RawShares"]), _float(row.get("EffectvUsage", ""))
        nodes.append(_Node(place, parent, row["Account"].strip(), is_user, raw, used))
        if not is_user:
            path.append((depth, place))
    return nodes


def _of_json(text: str) -> list[_Node]:
    """The tree of the JSON: every row names the account above it; a user's row has the user's name."""
    try:
        document = typed.loads(text)
    except ValueError as problem:
        raise InvalidInput(f"cannot read sshare's JSON: {problem}") from None
    rows = [one for one in _at(document, "shares", "shares") or [] if isinstance(one, Mapping)]
    users = ["USER" in _words(one.get("type")) for one in rows]
    places = {str(one.get("name", "")): place for place, one in enumerate(rows) if not users[place]}
    return [
        _Node(
            place,
            places.get(str(one.get("parent", ""))),
            str(one.get("name", "")),
            users[place],
            _value(one.get("shares")),
            _value(one.get("effective_usage")),
        )
        for place, one in enumerate(rows)
    ]


def qos_of(text: str) -> list[Qos]:
    """The limits of `sacctmgr show qos -P` or `--json`. Raises InvalidInput for what is neither."""
    if text.lstrip().startswith("{"):
        try:
            document = typed.loads(text)
        except ValueError as problem:
            raise InvalidInput(f"cannot read sacctmgr's JSON: {problem}") from None
        return [
            Qos(
                str(one.get("name", "")),
                _gpus_in(_at(one, "limits", "max", "tres", "total")),
                _gpus_in(_at(one, "limits", "max", "tres", "per", "account")),
                _gpus_in(_at(one, "limits", "max", "tres", "per", "user")),
            )
            for one in _at(document, "qos") or []
        ]
    rows = _rows(text, ("Name", "GrpTRES"), "sacctmgr show qos")
    return [
        Qos(row["Name"], _gpus(row["GrpTRES"]), _gpus(row.get("MaxTRESPA", "")), _gpus(row.get("MaxTRESPU", "")))
        for row in rows
    ]


def _gpus(text: str) -> float | None:
    return of_tres(text).count if "gres/gpu" in text else None


def _gpus_in(tres: Any) -> float | None:
    """GPUs of a list of trackable resources in JSON: `{type: gres, name: gpu, count: 8}`."""
    for one in tres if isinstance(tres, list) else []:
        if one.get("type") == "gres" and one.get("name") == "gpu":
            return float(one.get("count", 0))
    return None


def _rows(text: str, needed: tuple[str, ...], command: str) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if "|" in line]
    names = [name.strip() for name in lines[0].split("|")] if lines else []
    if not set(needed) <= set(names):
        raise InvalidInput(
            f"cannot read {command}: got no columns {' and '.join(needed)}; try `{command} -P` with all columns"
        )
    return [dict(zip(names, line.split("|"), strict=False)) for line in lines[1:]]


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _value(number: Any) -> float | None:
    """A number as slurmrestd's data parsers write it: plain, or `{set, infinite, number}`."""
    if isinstance(number, Mapping):
        return float(number["number"]) if number.get("set") and not number.get("infinite") else None
    return float(number) if isinstance(number, int | float) else None


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
