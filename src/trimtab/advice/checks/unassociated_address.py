"""Elastic addresses that point nowhere."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    if thing.get("PublicIp") is None:
        return Unsure(thing, "its address was not read")
    if any(thing.get(key) for key in ("AssociationId", "InstanceId", "NetworkInterfaceId")):
        return None
    return Found(
        thing, "associated with nothing", (said("address", thing.get("PublicIp")),), share=1.0, advised="released"
    )


_FREE = thing("ec2:elastic-ip", "eipalloc-1", PublicIp="198.51.100.7")
_USED = thing("ec2:elastic-ip", "eipalloc-2", PublicIp="198.51.100.8", AssociationId="eipassoc-9")
CHECK = Check(
    id="Z4AUBRNSmz",
    name="Unassociated Elastic IP Addresses",
    pillar=Pillar.COST,
    about="Public addresses are paid by the hour, used or not.",
    alert="not associated with an instance or a network interface",
    source="https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html",
    judge=each("ec2:elastic-ip", _judge),
    kinds=("ec2:elastic-ip",),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.VERY_LOW,
    rollback=False,
    fix="aws ec2 release-address --allocation-id {id} --region {region}",
    examples=Examples(
        Example("points nowhere", given(_FREE, bills={"eipalloc-1": billed("3.60")}), ("eipalloc-1",)),
        Example("associated", given(_USED)),
        Example("its attributes were not read", given(thing("ec2:elastic-ip", "eipalloc-3")), (), ("eipalloc-3",)),
    ),
)
