"""Resources of AWS: their types and facts, and that a whole reading replaces what there was."""

import asyncio

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.inventory.readings import Readings, Whole
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource, ResourceStore, type_of_arn
from trimtab.store.state.database import State

ACCOUNT, REGION = "111122223333", "eu-west-1"


def volume(name: str) -> Resource:
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{name}"
    return Resource(parse_arn(arn), name, type="gp3", origin="aws", arn=arn, attributes={"Size": 8, "Attachments": []})


def whole(*found: Resource, seen_ms: int = 1000) -> Whole:
    return Whole(ACCOUNT, REGION, ("ec2:volume",), found, "aws", seen_ms)


def test_the_type_of_an_arn_is_that_of_the_tagging_api() -> None:
    examples = {
        "arn:aws:ec2:us-east-1:111122223333:instance/i-1": "ec2:instance",
        "arn:aws:rds:us-east-1:111122223333:db:orders": "rds:db",
        "arn:aws:s3:::logs": "s3:bucket",
        "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/x": "logs:log-group",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/a/1": "elasticloadbalancing:loadbalancer",
        "i-1": "",
    }
    assert examples == {arn: type_of_arn(arn) for arn in examples}


def test_a_whole_reading_replaces_what_is_gone_and_says_when_it_was(state: State) -> None:
    store, readings = ResourceStore(state), Readings(state)

    async def work() -> None:
        assert 2 == await readings.keep(whole(volume("vol-1"), volume("vol-2")))
        assert 1 == await readings.keep(whole(volume("vol-2"), seen_ms=2000))
        found = await store.of_type(EVERYTHING, "ec2:volume")
        assert [("vol-2", {"Size": 8, "Attachments": []})] == [(one.name, dict(one.attributes)) for one in found]
        assert {(ACCOUNT, REGION, "ec2:volume"): 2000} == await readings.of(EVERYTHING)
        assert [] == await store.of_type(Scope(frozenset(("999999999999",))), "ec2:volume")
        assert found == await store.by_arn(EVERYTHING, [found[0].arn])
        await readings.forget(ACCOUNT, "aws")
        assert ({}, []) == (await readings.of(EVERYTHING), await store.of_type(EVERYTHING, "ec2:volume"))

    asyncio.run(work())
