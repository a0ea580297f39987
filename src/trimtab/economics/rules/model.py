"""Words of an allocation: tags as one means them, cost categories with their splits, and the basis of statements.

A cost category gives every line one value: the first rule that matches, else the default. What AWS calls a cost
category is this; its split charges too. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/manage-cost-categories.html
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from trimtab.costs.model import Facet, Filter, Metric, Tag

UNOWNED = "unowned"
"""What lines are called that no rule gives to anybody, unless a category says otherwise."""
UNUSED = "unused commitments"
"""Of whom on the amortised bases is what commitments cost and nothing used, unless a rule gives it to its buyer."""
OTHERS = "*"
"""As the only target of a split: every value of the month that is neither a source nor the default."""


class Basis(StrEnum):
    """What statements add up. It is chosen once: when a month is closed it stays."""

    BILLED = "billed"
    NET = "net"
    AMORTIZED = "amortized"
    NET_AMORTIZED = "net-amortized"

    @property
    def metric(self) -> Metric:
        """The metric of the bill."""
        return _METRICS[self]

    @property
    def words(self) -> str:
        """For people."""
        return self.value.replace("-", " ").replace("amortized", "amortised")

    @property
    def amortizes(self) -> bool:
        """Whether commitments are spread over what they cover."""
        return self in (Basis.AMORTIZED, Basis.NET_AMORTIZED)


_METRICS = {
    Basis.BILLED: Metric.UNBLENDED,
    Basis.NET: Metric.NET_UNBLENDED,
    Basis.AMORTIZED: Metric.AMORTIZED,
    Basis.NET_AMORTIZED: Metric.NET_AMORTIZED,
}


class SplitMethod(StrEnum):
    """How a split charge is shared: by the targets' own cost, by fixed percentages, evenly, or by a use metric."""

    PROPORTIONAL = "proportional"
    FIXED = "fixed"
    EVEN = "even"
    METRIC = "metric"


class FreePolicy(StrEnum):
    """Whose the time is in which nobody held a shared machine: the default's, or whom the line itself names."""

    DEFAULT = "default"
    OWNER = "owner"


class SharePolicy(StrEnum):
    """What of a shared machine is charged: the time for which it was held, or what was measurably used."""

    ALLOCATED = "allocated"
    USED = "used"


class VirtualTag(Struct, frozen=True):
    """The value of a tag where a line that matches `when` carries none."""

    value: str
    when: Filter


class TagRule(Struct, frozen=True):
    """One tag key as one means it: the keys that count as it, and how its values are brought into one form.

    Keys that differ in case only are always the same key. `values` maps what is written (any case) to what is meant.
    """

    key: str
    aliases: tuple[str, ...] = ()
    active: bool = True
    lower: bool = True
    values: Mapping[str, str] = field(default_factory=dict)
    virtual: tuple[VirtualTag, ...] = ()

    @property
    def tag(self) -> Tag:
        """The facet of the bill that this rule makes of its key."""
        return Tag(self.key, ruled=True, aliases=self.aliases, lower=self.lower, values=tuple(self.values.items()))


class TagPolicy(Struct, frozen=True):
    """What lines must carry: a value of `key`, one of `allowed` or one that matches `pattern` where those are given."""

    key: str
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    where: Filter | None = None


class CategoryRule(Struct, frozen=True):
    """Lines that match `when` get `value`, or the value of `inherit` where they have one (INHERITED_VALUE)."""

    value: str = ""
    when: Filter | None = None
    inherit: Facet | None = None


class Split(Struct, frozen=True):
    """The cost of value `source`, shared by `targets`. `shares` are percentages (FIXED), `metric` a use (METRIC)."""

    source: str
    targets: tuple[str, ...]
    method: SplitMethod = SplitMethod.PROPORTIONAL
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    metric: str = ""


class Category(Struct, frozen=True):
    """A cost category: ordered rules, the first that matches wins. It counts from month `since` (0: always)."""

    name: str
    rules: tuple[CategoryRule, ...] = ()
    default: str = UNOWNED
    splits: tuple[Split, ...] = ()
    since: int = 0


class SharedMachines(Struct, frozen=True):
    """Machines whose cost is shared by who held their GPUs: the lines that match `when`, by resource and day."""

    name: str
    when: Filter
    policy: SharePolicy = SharePolicy.ALLOCATED
    free: FreePolicy = FreePolicy.DEFAULT


class RuleSet(Struct, frozen=True):
    """An allocation. `owner` names the category whose values statements are made for."""

    basis: Basis = Basis.BILLED
    owner: str = "team"
    tags: tuple[TagRule, ...] = ()
    policies: tuple[TagPolicy, ...] = ()
    categories: tuple[Category, ...] = ()
    shared: tuple[SharedMachines, ...] = ()

    def category(self, name: str) -> Category | None:
        """The category of that name, if it is defined."""
        return next((one for one in self.categories if one.name == name), None)

    @property
    def nobody(self) -> frozenset[str]:
        """The owners that are nobody: the default, and what no commitment was used for."""
        category = self.category(self.owner)
        return frozenset((category.default if category else UNOWNED, UNUSED))

    @property
    def owner_tag(self) -> str:
        """The key of the tag that is the owner, where the owners' category takes it over and says nothing else."""
        category = self.category(self.owner)
        if category is None or category.splits or category.since or len(category.rules) != 1:
            return ""
        rule = category.rules[0]
        return rule.inherit.key if rule.when is None and isinstance(rule.inherit, Tag) else ""
