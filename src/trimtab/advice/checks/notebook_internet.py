"""Notebooks with an own way to the internet, or with root."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

_KIND = "sagemaker:notebook-instance"
CHECK = Check(
    id="trimtab-notebook-direct-internet",
    name="Notebooks With Direct Internet Access",
    pillar=Pillar.SECURITY,
    about="A notebook with its own way to the internet goes around the VPC's rules and logs.",
    alert="direct internet access is enabled",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/infrastructure-connect-to-resources.html",
    judge=attribute(
        _KIND, "DirectInternetAccess", lambda text: text == "Enabled", "has its own way to the internet", confidence=0.6
    ),
    kinds=(_KIND,),
    effort=Effort.HIGH,
    restart=True,
    fix="make {id} again with --direct-internet-access Disabled --subnet-id SUBNET --security-group-ids GROUP",
    examples=Examples(
        Example("enabled", given(thing(_KIND, "nb", DirectInternetAccess="Enabled")), ("nb",)),
        Example("disabled", given(thing(_KIND, "nb", DirectInternetAccess="Disabled"))),
        Example("not read", given(thing(_KIND, "nb")), (), ("nb",)),
    ),
)
