"""Sizing over the load tests that are recorded: what the REST door, the command line and the pages ask."""

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.inference.cost import Price, price_of
from trimtab.inference.estimated import estimates
from trimtab.inference.result import LoadTest
from trimtab.inference.sizing import Known, Sizing, Wanted, sizings
from trimtab.inference.store import LoadTestStore, RecordedTest
from trimtab.inventory.catalog.book import load


class Advisor(Struct, frozen=True):
    """Over one store; prices are of `region`."""

    tests: LoadTestStore
    clock: Clock
    region: str

    async def known(self, scope: Scope, name: str = "") -> list[Known]:
        """The tests of a name or an endpoint (all without), the newest first."""
        found = [test_of(one) for one in await self.tests.listed(scope)]
        return [one for one in found if name in ("", one.test.name, one.test.endpoint)]

    async def sized(self, scope: Scope, name: str, wanted: Wanted, *, estimated: bool = False) -> list[Sizing]:
        """What to run for a name or an endpoint. Raises NotFound where it has no test."""
        found = await self.known(scope, name)
        if not found:
            raise NotFound(f"no load test of {name!r} is recorded: `trimtab loadtest run … --name {name} --record`")
        if estimated:
            found += estimates(found, load(), self.clock.now_ms(), self.region)
        return sizings(found, self.price, wanted)

    async def test(self, account: str, id_: str) -> LoadTest | None:
        """One test of an account; None where there is none."""
        try:
            found = await self.tests.get(Scope(accounts=frozenset({account})), id_)
        except NotFound:
            return None
        return test_of(found).test

    def price(self, instance_type: str) -> Price | None:
        """The list price of a type; None where it is not known."""
        return price_of(load(), instance_type, self.clock.now_ms(), self.region)


def test_of(one: RecordedTest) -> Known:
    """A recorded test, read."""
    return Known(one.id, typed.decode(one.test, type=LoadTest))
