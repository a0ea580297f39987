"""Listeners without encryption, or with an old policy of it."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said

_KIND = "elasticloadbalancing:loadbalancer"
_OLD = ("ELBSecurityPolicy-2015", "ELBSecurityPolicy-TLS-1-0", "ELBSecurityPolicy-TLS-1-1", "ELBSecurityPolicy-2016-08")


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    if thing.get("Type") not in ("application", "network", None) or thing.get("Scheme") == "internal":
        return None
    listeners = thing.get("Listeners")
    if listeners is None:
        return Unsure(thing, "its listeners were not read")
    safe = [one for one in listeners if one.get("Protocol") in ("HTTPS", "TLS")]
    old = [str(one.get("SslPolicy")) for one in safe if str(one.get("SslPolicy")).startswith(_OLD)]
    if safe and not old:
        return None
    if not listeners:
        return None
    text = f"takes old ciphers by {old[0]}" if old else "no listener encrypts"
    status = Status.WARNING if old else Status.ERROR
    return Found(
        thing, text, (said("listeners", ", ".join(str(one.get("Protocol")) for one in listeners)),), 0.8, status
    )


def _lb(id_: str, protocol: str, policy: str = "") -> Thing:
    return thing(
        _KIND,
        id_,
        Type="application",
        Scheme="internet-facing",
        Listeners=[{"Port": 443, "Protocol": protocol, "SslPolicy": policy}],
    )


CHECK = Check(
    id="a2sEc6ILx",
    name="ELB Listener Security",
    pillar=Pillar.SECURITY,
    about="A balancer that faces the internet should encrypt, and by a policy without TLS 1.0 and 1.1.",
    alert="red: no listener encrypts; yellow: an old policy",
    source="https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.LOW,
    status=Status.ERROR,
    fix="aws elbv2 modify-listener --listener-arn ARN-OF-{id} --ssl-policy "
    "ELBSecurityPolicy-TLS13-1-2-2021-06 --region {region}",
    examples=Examples(
        Example(
            "HTTP only, and TLS 1.0",
            given(_lb("app/a/1", "HTTP"), _lb("app/b/2", "HTTPS", "ELBSecurityPolicy-TLS-1-0-2015-04")),
            ("app/a/1", "app/b/2"),
        ),
        Example("TLS 1.3", given(_lb("app/c/3", "HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06"))),
        Example("not read", given(thing(_KIND, "app/d/4", Type="application")), (), ("app/d/4",)),
    ),
)
