"""Whose commitments cover what: of each provider its own eligible use, and never another's.

    AWS           reservations and Savings Plans: `eligible.py`
    Google Cloud  resource-based committed use discounts cover vCPUs, memory and GPUs of a machine family in a region;
                  flexible ones (spend-based) cover spend on vCPUs and memory of Compute Engine, GKE and Cloud Run
    Azure         reservations cover virtual machines of a series in a region; savings plans compute of all regions

Sources, read 2026-11-30: cloud.google.com/compute/docs/instances/committed-use-discounts-overview;
learn.microsoft.com/azure/cost-management-billing/savings-plan/discount-application and
.../reservations/instance-size-flexibility. Of bills that are not AWS's the columns of FOCUS say what a commitment did:
CommitmentDiscountStatus tells what it covered (Used) and what of it nothing used (Unused).
"""

from msgspec import Struct

from trimtab.costs.explorer import eligible
from trimtab.costs.model import And, Dimension, Filter, Match, Not, Or, Where

_USAGE = Where(Dimension.CHARGE_CATEGORY, ("Usage",))
_TAKEN = Not(Where(Dimension.COMMITMENT_STATUS, (eligible.UNUSED,)))
_ON_DEMAND = Where(Dimension.PURCHASE_TYPE, (eligible.ON_DEMAND,))
_COMMITTED = Where(Dimension.PURCHASE_TYPE, (eligible.RESERVED, eligible.SAVINGS_PLAN))
_INSTANCE = Not(Where(Dimension.INSTANCE_TYPE, match=Match.ABSENT))


_SOFTWARE = ("license", "licence", "licensing")


def _says(*words: str) -> Filter:
    """Lines whose description has one of these words, in any case."""
    return Where(Dimension.DESCRIPTION, words, Match.CONTAINS, ignore_case=True)


_OF_GOOGLE = And(
    (
        Where(
            Dimension.SERVICE,
            ("Compute Engine", "Kubernetes Engine", "Google Kubernetes Engine", "Cloud Run"),
            ignore_case=True,
        ),
        Or((_INSTANCE, _says("core", "cpu", "ram", "memory", "gpu"))),
        Not(_says("spot", "preemptible", "commitment", "disk", "image", *_SOFTWARE, "egress", "transfer")),
    )
)
_OF_AZURE = And(
    (
        Or(
            (
                Where(
                    Dimension.SERVICE,
                    (
                        "Virtual Machines",
                        "Virtual Machine Scale Sets",
                        "Azure Dedicated Host",
                        "Container Instances",
                        "Azure Container Apps",
                        "Functions",
                        "Azure App Service",
                    ),
                    ignore_case=True,
                ),
                And((Where(Dimension.SERVICE_CATEGORY, ("Compute",)), _INSTANCE)),
            )
        ),
        Not(_says("spot", "low priority", *_SOFTWARE, "disk")),
    )
)
"""Software is not covered: savings plans and reservations are for the compute of a machine alone."""


class Provider(Struct, frozen=True):
    """A provider: its name here, as bills spell it, and its commitments in its own words.

    `lines` are all of its lines; `coverable` usage that its commitments cover or could; `unused` the lines whose
    amortised cost is what commitments cost beyond their use; `unclear` committed use of which no commitment is named:
    where there is any, how much is covered is not known.
    """

    name: str
    names: tuple[str, ...]
    plans: str
    reservations: str
    coverable: Filter
    unused: Filter
    unclear: Filter | None = None

    @property
    def lines(self) -> Filter:
        """All of its lines."""
        return Where(Dimension.PROVIDER, self.names)


def _of_focus(name: str, names: tuple[str, ...], plans: str, reservations: str, could: Filter) -> Provider:
    lines = Where(Dimension.PROVIDER, names)
    covered = Or((eligible.COMMITTED, And((_ON_DEMAND, could))))
    idle = And((lines, eligible.COMMITTED, Where(Dimension.COMMITMENT_STATUS, (eligible.UNUSED,))))
    unclear = And((lines, _USAGE, _COMMITTED, Not(eligible.COMMITTED)))
    return Provider(name, names, plans, reservations, And((lines, _USAGE, _TAKEN, covered)), idle, unclear)


AWS = Provider(
    "AWS", eligible.AWS_NAMES, "Savings Plan", "Reservation", eligible.COVERABLE, eligible.UNUSED_COMMITMENTS
)
GOOGLE = _of_focus(
    "Google Cloud",
    ("Google Cloud", "Google", "Google Cloud Platform", "GCP"),
    "Flexible committed use discount",
    "Resource committed use discount",
    _OF_GOOGLE,
)
AZURE = _of_focus(
    "Azure", ("Microsoft", "Microsoft Azure", "Azure"), "Azure savings plan", "Azure reservation", _OF_AZURE
)
PROVIDERS = (AWS, GOOGLE, AZURE)


def provider_of(spelled: str) -> Provider | None:
    """The provider that a bill calls so; None for one whose commitments nobody knows."""
    return next((one for one in PROVIDERS if spelled in one.names), None)


def shown(spelled: str) -> str:
    """The name of a provider here; one that is not known keeps its own."""
    found = provider_of(spelled)
    return found.name if found else spelled


def kind_of(spelled: str, type_: str) -> str:
    """A commitment's kind (`eligible.RESERVED` or `SAVINGS_PLAN`) in its provider's words."""
    found = provider_of(spelled) or AWS
    return {eligible.RESERVED: found.reservations, eligible.SAVINGS_PLAN: found.plans}.get(type_, type_)
