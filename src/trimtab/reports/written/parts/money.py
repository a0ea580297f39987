"""What was spent, by whom, and why it changed."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.base.coins import money, signed
from trimtab.costs.explorer.compare import Compared
from trimtab.costs.explorer.words import headline, ratio, sentence
from trimtab.fleet.basis import Basis
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Bar, Bars, Said, Section, Table
from trimtab.reports.written.facts import Ask, Money, sum_of
from trimtab.reports.written.links import costs
from trimtab.reports.written.wording import change, day

_MOST_ROWS, _MOST_DRIVERS = 12, 5
_LEAST = Decimal("0.005")  # of a change that is told: half a coin
UNOWNED = "(nobody)"


def money_part(ask: Ask, found: Money | None, *, by_owner: bool = True) -> Part:
    """The section, with the change of the largest currency and its first driver as claims."""
    if found is None:
        return Part(Section("Cost", (Said("No bill covers this period: costs are not known.", "/costs"),)))
    said: list[Said] = []
    claims: list[Claim] = []
    bars: list[Bars] = []
    tables: list[Table] = []
    href = costs(ask)
    for currency in found.currencies:
        before, after = sum_of(found.total, currency)
        short = f", billed to {day(found.end_ms - 1)}" if found.end_ms < ask.end_ms else ""
        whole = Said(
            f"{money(after, currency)} was spent ({found.basis.value}){short}; against the same length before, it "
            f"{change(before, after, currency)}.",
            href,
            "bad" if after > before else "good" if after < before else "",
        )
        said.append(whole)
        steps = [abs(one.change) for told in found.changes if told.currency == currency for one in told.drivers]
        claims.append(Claim(whole, float(max([abs(after - before), *steps]))))  # before what it is made of
        owners = [one for one in found.owners if one.currency == currency]
        services = [one for one in found.services if one.currency == currency]
        if by_owner:
            bars.append(Bars(f"By owner, {found.basis.value}, {currency}", _bars(owners)))
            tables.append(_table("By owner", owners, currency, href, found.basis))
        tables.append(_table("By service", services, currency, href, found.basis))
    for told in found.changes:
        if not told.change:
            continue
        said.append(Said(headline(told), href))
        for driver in told.drivers[:_MOST_DRIVERS]:
            if abs(driver.change) < _LEAST:  # nothing that anybody would see on the bill
                continue
            name = " · ".join(part for part in (driver.pool.service, driver.pool.family) if part)
            by = signed(driver.change, told.currency)
            why = Said(f"{name} {by}: {sentence(driver, told.currency)}", href)
            said.append(why)
            claims.append(Claim(why, float(abs(driver.change)) * 0.9))
    return Part(Section("Cost", said, bars, tables), claims)


def _bars(rows: Sequence[Compared]) -> list[Bar]:
    ranked = sorted(rows, key=lambda one: -one.after)[:_MOST_ROWS]
    return [Bar(one.keys[0] or UNOWNED, float(one.after), f"{one.after:,.2f}") for one in ranked]


def _table(title: str, rows: Sequence[Compared], currency: str, href: str, basis: Basis) -> Table:
    """Every row up to some, the others in one, and the sum: the figures add up."""
    ranked = sorted(rows, key=lambda one: -one.after)
    shown, others = ranked[:_MOST_ROWS], ranked[_MOST_ROWS:]
    lines = [_line(one.keys[0] or UNOWNED, one.before, one.after, currency) for one in shown]
    zero = Decimal(0)
    if others:
        sums = sum((one.before for one in others), zero), sum((one.after for one in others), zero)
        lines.append(_line(f"{len(others)} others", *sums, currency))
    whole = sum((one.before for one in ranked), zero), sum((one.after for one in ranked), zero)
    heads = (title.removeprefix("By ").capitalize(), "Before", "Now", "Change", "In %")
    return Table(
        f"{title}, {basis.value}, {currency}",
        heads,
        [*lines, _line("Total", *whole, currency)],
        (1, 2, 3, 4),
        True,
        href,
    )


def _line(name: str, before: Decimal, after: Decimal, currency: str) -> tuple[str, ...]:
    return (
        name, money(before, currency), money(after, currency), signed(after - before, currency), ratio(before, after)
    )  # fmt: skip
