"""Whatever the rules, the splits and the bill are: statements add up to the bill, to the last digit and to the cent."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.costs.cells import Cell
from trimtab.costs.model import Dimension
from trimtab.economics.division import Division, Share
from trimtab.economics.rules.derive import Derivation
from trimtab.economics.rules.model import Basis, RuleSet
from trimtab.economics.rules.read import rules_of
from trimtab.economics.statements import build, kinds
from trimtab.economics.statements.model import Kind, LineKey
from trimtab.economics.weights import MonthCells, direct_costs, split_shares

MONTH = 202608
DIMENSIONS = tuple(sorted((*kinds.DIMENSIONS, Dimension.LINKED_ACCOUNT)))
NAMES = ("search", "ads", "data", "shared", "common")
money = st.decimals(min_value=-(10**9), max_value=10**9, places=12, allow_nan=False)

values: dict[Dimension, Any] = {
    Dimension.CHARGE_CATEGORY: st.sampled_from(["Usage", "Tax", "Credit", "Purchase", "Adjustment"]),
    Dimension.CHARGE_CLASS: st.sampled_from(["", "Correction"]),
    Dimension.COMMITMENT_STATUS: st.sampled_from(["", "Used", "Unused"]),
    Dimension.COMMITMENT_TYPE: st.sampled_from(["", "Reserved", "Savings Plan"]),
    Dimension.RECORD_TYPE: st.sampled_from(
        ["Usage", "Tax", "RIFee", "SavingsPlanRecurringFee", "SavingsPlanNegation", "EdpDiscount", "Refund", "Fee", ""]
    ),
    Dimension.SERVICE: st.sampled_from(["Amazon EC2", "AWS Support", "Amazon S3"]),
    Dimension.SERVICE_CODE: st.sampled_from(["AmazonEC2", "AWSSupportBusiness"]),
    Dimension.LINKED_ACCOUNT: st.sampled_from(["1", "2", "3"]),
}
cells = st.builds(
    lambda texts, team, currency, amounts, lines: Cell(
        0, tuple(texts), {"team": team} if team else {}, {}, currency, frozenset(), lines, amounts
    ),
    st.tuples(*(values[one] for one in DIMENSIONS)),
    st.sampled_from(["", "search", "Ads", "DATA", "shared", "common"]),
    st.sampled_from(["USD", "JPY", "KWD"]),
    st.tuples(money, money),
    st.integers(1, 9),
)


@st.composite
def splits(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for source in draw(st.lists(st.sampled_from(["shared", "common"]), unique=True)):
        targets = draw(st.lists(st.sampled_from(["search", "ads", "data", "new"]), min_size=1, max_size=4, unique=True))
        method = draw(st.sampled_from(["proportional", "even", "fixed", "metric"]))
        split: dict[str, Any] = {"source": source, "targets": targets, "method": method}
        if method == "fixed":
            cuts = sorted(draw(st.lists(st.integers(0, 1000), min_size=len(targets) - 1, max_size=len(targets) - 1)))
            ends = [0, *cuts, 1000]
            split["shares"] = {
                name: (ends[at + 1] - ends[at]) / 10 for at, name in enumerate(targets)
            }  # tenths of a percent, together 100
        if method == "metric":
            split["metric"] = "gpu-seconds"
        found.append(split)
    return found


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    rules = draw(
        st.lists(
            st.sampled_from(
                [
                    {"value": "shared", "when": {"charge-type": ["Tax", "Fee"]}},
                    {"value": "common", "when": {"not": {"account": "1"}}},
                    {"value": "data", "when": {"service": {"contains": "s3", "ignore-case": True}}},
                    {"inherit": "tag:team"},
                ]
            ),
            max_size=4,
        )
    )
    category = {"name": "team", "rules": rules, "splits": draw(splits())}
    return rules_of({"basis": draw(st.sampled_from(Basis)).value, "categories": [category], "tags": [{"key": "team"}]})


def divided(rules: RuleSet, month: MonthCells, use: dict[str, Decimal]) -> Division:
    bare = Division(Derivation(rules), "team")
    costs = direct_costs(bare, month, MONTH, ())
    category = rules.category("team")
    assert category is not None
    shares: dict[tuple[int, str, str], tuple[Share, ...]] = {}
    for split in category.splits:
        for currency in {currency for currency, _ in costs}:
            found = split_shares(split, category, currency, costs, use)
            if found:
                shares[MONTH, currency, split.source] = found
    return Division(Derivation(rules), "team", shares)


uses = st.dictionaries(st.sampled_from(NAMES), st.decimals(0, 10**6, places=3), max_size=4)


@settings(max_examples=examples(200), deadline=None)
@given(rule_sets(), st.lists(cells, max_size=14), uses)
def test_statements_add_up_to_the_bill_under_any_rules(
    rules: RuleSet, bill: list[Cell], use: dict[str, Decimal]
) -> None:
    month = MonthCells(DIMENSIONS, bill, ())
    lines = build.in_coins(build.sums_of(month, divided(rules, month, use), MONTH))
    for currency, digits in (("USD", 2), ("JPY", 0), ("KWD", 3)):
        exact = sum((cell.amounts[0] for cell in bill if cell.currency == currency), Decimal(0))
        own = [line for line in lines if line.key.currency == currency]
        assert exact == sum((line.amount for line in own), Decimal(0))
        unit = Decimal(1).scaleb(-digits)
        assert exact.quantize(unit) == sum((line.coins for line in own), Decimal(0))
        assert all(line.coins == line.coins.quantize(unit) for line in own)
        assert all(abs(line.coins - line.amount) < unit for line in own)
        for kind in Kind:
            of_kind = [line for line in own if line.key.kind is kind]
            apart = sum((line.coins - line.amount for line in of_kind), Decimal(0))
            assert abs(apart) < unit


@given(st.lists(cells, max_size=8), st.lists(cells, max_size=8))
def test_what_was_frozen_and_its_corrections_are_the_bill_as_it_is_now(then: list[Cell], now: list[Cell]) -> None:
    division = Division(Derivation(rules_of({})), "team")
    before = build.sums_of(MonthCells(DIMENSIONS, then, ()), division, MONTH)
    after = build.sums_of(MonthCells(DIMENSIONS, now, ()), division, MONTH)
    frozen = {key: amount for key, (amount, _) in before.items()}
    corrections = build.difference(after, frozen, MONTH)
    assert all(key.about == MONTH for key in corrections)
    for currency in ("USD", "JPY", "KWD"):
        total = sum((found[0] for key, found in after.items() if key.currency == currency), Decimal(0))
        carried = sum((amount for key, amount in frozen.items() if key.currency == currency), Decimal(0))
        corrected = sum((found[0] for key, found in corrections.items() if key.currency == currency), Decimal(0))
        assert total == carried + corrected
    assert {} == build.difference(before, frozen, MONTH)


def test_a_line_of_several_shares_is_divided_by_their_weights() -> None:
    shares = (Share("a", Fraction(2)), Share("b", Fraction(1)))
    division = Division(Derivation(rules_of({})), "team", {(MONTH, "USD", "unowned"): shares})
    texts = tuple("Usage" if one in (Dimension.CHARGE_CATEGORY, Dimension.RECORD_TYPE) else "" for one in DIMENSIONS)
    bill = [Cell(0, texts, {}, {}, "USD", frozenset(), 1, (Decimal(10), Decimal(0)))]
    sums = build.sums_of(MonthCells(DIMENSIONS, bill, ()), division, MONTH)
    expected = {
        LineKey("a", Kind.USAGE, "", "", "", "USD"): (Decimal("6.666666666667"), 1),
        LineKey("b", Kind.USAGE, "", "", "", "USD"): (Decimal("3.333333333333"), 1),
    }
    assert expected == sums
