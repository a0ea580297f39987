"""The faults of the demo's accounts: each is found by its check and by no other, and nothing healthy is found."""

from tests.unit.demo.conftest import ANCHOR_MS

from trimtab.advice.catalogue import catalogue
from trimtab.advice.complete import judgement
from trimtab.advice.facts import Facts, Thing, Watch
from trimtab.advice.gather.things import thing_of
from trimtab.demo import faults
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource


def test_each_fault_is_found_by_its_check_and_by_no_other() -> None:
    found: dict[str, set[str]] = {}
    for check in catalogue().values():
        for one in judgement(check, facts()).findings:
            found.setdefault(one.name, set()).add(check.id)
    assert {one.name: {one.check} for one in faults.FAULTS} == found
    assert 10 <= len(found)


def facts() -> Facts:
    kinds: dict[str, list[Thing]] = {}
    for one in (*faults.FAULTS, *faults._HEALTHY):
        told = faults.record(one, ANCHOR_MS)
        ref = parse_arn(told.arn, told.account, told.region)
        resource = Resource(ref, told.name, "", told.type, told.tags, "", 0, told.arn, told.attributes)
        kinds.setdefault(resource.resource_type, []).append(thing_of(resource, resource.resource_type))
    watches = [Watch(name, "AWS/SageMaker", "Invocation5XXErrors", {"EndpointName": name}) for name in faults._WATCHED]
    return Facts(ANCHOR_MS, kinds, watches=watches)
