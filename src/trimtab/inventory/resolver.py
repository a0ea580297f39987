"""One identity: whatever a signal calls the thing it is about, the same `provider/account/region/kind/id` comes out.

    attributes of                               →  resource
    ec2 instance, OTel or CloudWatch            →  aws/123456789012/us-east-1/instance/i-0abc…
    a pod, OTel or Prometheus                   →  local/123456789012/us-east-1/pod/serving/llm-0
    a GPU, OTel, DCGM exporter or agent         →  local/…/gpu/GPU-6e0e…

`rules.RULES` is read from the top; the first rule whose attributes are all there names the resource, so the narrower
thing (GPU, pod) stands above the wider one (node, host). Pure, and meant to be cached by who calls it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from trimtab.inventory.rules import ARN_BARE, ARN_KEYS, ARN_KINDS, LOCAL, RULES, Rule

_PROVIDERS = {"aws": "aws", "gcp": "gcp", "azure": "azure", "alibaba_cloud": "alibaba", "oracle_cloud": "oracle"}
_EC2_ID = re.compile(r"i-[0-9a-f]{8,17}")
_PORT = re.compile(r":\d+$")


class ResourceRef(Struct, frozen=True):
    """What a signal is about. Falsy, with an empty path, where nothing matched."""

    provider: str
    account: str
    region: str
    kind: str
    id: str

    @property
    def path(self) -> str:
        """`provider/account/region/kind/id`; "" where nothing matched. Only the id may contain a slash."""
        if not self.kind:
            return ""
        return "/".join((*map(_flat, (self.provider, self.account, self.region, self.kind)), self.id))

    def __bool__(self) -> bool:
        return bool(self.kind)


UNMATCHED = ResourceRef("", "", "", "", "")


def resolve(attributes: Mapping[str, str], default_account: str, default_region: str) -> ResourceRef:
    """The resource that `attributes` (OTel attributes, Prometheus labels or CloudWatch dimensions) are about.

    Account and region come from the attributes where those name them, else from the defaults. UNMATCHED where no rule
    fits: the caller keeps the signal all the same.
    """
    arns, rules = _candidates(frozenset(attributes))
    for key in arns:
        arn = attributes.get(key, "")
        if arn.startswith("arn:"):
            ref = parse_arn(arn, default_account, default_region)
            if ref:
                return ref
    for rule in rules:
        parts = _values(rule, attributes)
        if parts:
            return _place(rule, parts, attributes, default_account, default_region)
    return UNMATCHED


@lru_cache(maxsize=4096)  # of series there are many, of sets of their labels' names few
def _candidates(names: frozenset[str]) -> tuple[tuple[str, ...], tuple[Rule, ...]]:
    """The keys that may hold an ARN, and the rules that may fit, of attributes with these names."""
    arns = tuple(key for key in ARN_KEYS if key in names)
    return arns, tuple(rule for rule in RULES if all(key[0] == "?" or key in names for key in rule.keys))


def parse_arn(arn: str, default_account: str = "", default_region: str = "") -> ResourceRef:
    """The resource of an ARN, of the same kind and id as the dimensions that name it; UNMATCHED if it is not one."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[2] or not parts[5]:
        return UNMATCHED
    _, _, service, region, account, rest = parts
    place = ("aws", account or default_account, region or default_region)
    if service in ARN_BARE:
        name = rest.partition("/")[0] if service == "s3" else rest
        return ResourceRef(*place, ARN_BARE[service], name)
    if service == "autoscaling":
        type_, name = rest.partition(":")[0], rest.rpartition("autoScalingGroupName/")[2]
    else:
        type_, separator, name = rest.partition("/") if "/" in rest.partition(":")[0] else rest.partition(":")
        if not separator:
            type_, name = "", rest
    if service == "lambda":
        name = name.partition(":")[0]  # a version or alias is not another function
    kind = ARN_KINDS.get((service, type_), f"{service}.{type_}" if type_ else service)
    return ResourceRef(*place, kind, name)


def _values(rule: Rule, attributes: Mapping[str, str]) -> list[str]:
    """The values of the rule's keys, without those that are missing and may be; empty if the rule does not fit."""
    parts = []
    for key in rule.keys:
        optional = key[0] == "?"
        value = attributes.get(key[1:] if optional else key, "")
        if value:
            parts.append(value)
        elif not optional:
            return []
    return parts


def _place(rule: Rule, parts: list[str], attributes: Mapping[str, str], account: str, region: str) -> ResourceRef:
    kind, name = rule.kind, "/".join(parts)
    named = attributes.get("cloud.provider", "")
    provider = rule.provider or _PROVIDERS.get(named, named) or LOCAL
    if rule.keys == ("host.id",):
        kind, name, provider = _machine(name, provider, attributes)
    elif rule.keys == ("instance",):
        name = _PORT.sub("", name)
    elif kind == "target_group":
        name = name.removeprefix("targetgroup/")  # the dimension has it, the ARN has it as its type
    elif name.startswith("arn:"):
        return parse_arn(name, account, region) or ResourceRef(provider, account, region, kind, name)
    account = attributes.get("cloud.account.id", "") or account
    region = attributes.get("cloud.region", "") or region
    return ResourceRef(provider, account, region, kind, name)


def _machine(host_id: str, provider: str, attributes: Mapping[str, str]) -> tuple[str, str, str]:
    """A machine by its id where a cloud gave it, by its name else: other signals know it by name only."""
    if _EC2_ID.fullmatch(host_id):
        return "instance", host_id, "aws"
    if provider != LOCAL:
        return "instance", host_id, provider
    return "host", attributes.get("host.name", "") or host_id, provider


def _flat(text: str) -> str:
    return text.replace("/", "_")
