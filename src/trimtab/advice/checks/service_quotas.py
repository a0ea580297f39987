"""Quotas that are nearly used up, counted from what there is."""

from collections import Counter
from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said

_KIND = "servicequotas:quota"
COUNTED = {
    "L-0263D0A3": "ec2:elastic-ip",  # EC2-VPC elastic IPs
    "L-309BACF6": "ec2:snapshot",  # snapshots per region
    "L-FE5A380F": "ec2:natgateway",  # NAT gateways per availability zone, the least of several zones
    "L-53DA6B97": "elasticloadbalancing:loadbalancer",  # application load balancers
    "L-CDE20ADC": "autoscaling:autoScalingGroup",
    "L-7B6409FD": "rds:db",  # DB instances
    "L-952B80B8": "rds:cluster",
    "L-04CE2E67": "sagemaker:notebook-instance",
}
"""Codes of quotas and the kind of resource that they count, by the Service Quotas console."""


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    counts = Counter((one.account, one.region, kind) for kind in COUNTED.values() for one in facts.of(kind))
    for quota in facts.of(_KIND):
        kind, limit = COUNTED.get(str(quota.get("QuotaCode"))), quota.get("Value")
        if kind is None:
            continue
        if limit is None or (kind not in facts.read and not facts.of(kind)):
            yield Unsure(quota, f"the limit, or what there is of {kind}, was not read")
            continue
        used = counts[quota.account, quota.region, kind]
        share = used / float(limit) if limit else 1.0
        if share < knobs["yellow"] / 100:
            yield Fine(quota)
            continue
        status = Status.ERROR if share >= knobs["red"] / 100 else Status.WARNING
        name = quota.get("QuotaName", default=quota.shown)
        text = f"{used} of {limit:g} are used: {name}"
        words = {"service": str(quota.get("ServiceCode")), "code": str(quota.get("QuotaCode"))}
        yield Found(quota, text, (said("used", used), said("quota", limit)), 1.0, status, words=words)


_IPS = [thing("ec2:elastic-ip", f"eipalloc-{at}") for at in range(5)]
_FIVE = thing(_KIND, "L-0263D0A3", ServiceCode="ec2", QuotaCode="L-0263D0A3", QuotaName="Elastic IPs", Value=5.0)
_FIFTY = thing(_KIND, "L-0263D0A3", ServiceCode="ec2", QuotaCode="L-0263D0A3", QuotaName="Elastic IPs", Value=50.0)
CHECK = Check(
    id="trimtab-service-quotas",
    name="Service Quotas Nearly Used Up",
    pillar=Pillar.LIMITS,
    about="Where a quota is used up the next start fails, most often during an incident or a scale-out.",
    alert="yellow: 80 % of a quota is used; red: all of it",
    source="https://docs.aws.amazon.com/awssupport/latest/user/service-limits.html",
    settings=(
        Setting("yellow", 80, "%", "of a quota from which it is told", "Trusted Advisor"),
        Setting("red", 100, "%", "of a quota from which it is red", "Trusted Advisor"),
    ),
    judge=_judge,
    kinds=(_KIND, *dict.fromkeys(COUNTED.values())),
    effort=Effort.LOW,
    fix="aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
    "--desired-value MORE --region {region}",
    examples=Examples(
        Example("five addresses of five", given(_FIVE, *_IPS), ("L-0263D0A3",)),
        Example("five of fifty", given(_FIFTY, *_IPS)),
        Example("addresses were not read", given(_FIVE), (), ("L-0263D0A3",)),
    ),
)
