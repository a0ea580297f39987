"""Operations join the registry of their service, with its role and under its codes."""

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, NotFound
from trimtab.doors.aws.sagemaker import definitions
from trimtab.doors.aws.sagemaker.rooms import operations as of_sagemaker
from trimtab.doors.aws.sagemaker.service import OPERATION_FILES
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request
from trimtab.doors.aws.tags import listed_tags, tags_of
from trimtab.inventory.served.model import DEFINITIONS


async def answers(rooms: None, request: Request, context: CallContext) -> Answer:
    return {}


def test_an_operation_needs_the_role_of_its_service_unless_it_names_another() -> None:
    operations: Operations[None] = Operations("ce", needs=Role.FINANCE)
    operations.add("GetCostAndUsage")(answers)
    operations.add("CreateAnomalyMonitor", needs=Role.WRITE)(answers)
    assert {"GetCostAndUsage": Role.FINANCE, "CreateAnomalyMonitor": Role.WRITE} == {
        name: added.needs for name, added in operations.added.items()
    }


def test_its_own_codes_come_before_those_of_the_service() -> None:
    operations: Operations[None] = Operations("ce", codes=((NotFound, "Service"),))
    operations.add("GetTags", codes=((Conflict, "Own"),))(answers)
    assert ["Own", "Service"] == [code for _, code in operations.added["GetTags"].codes]


def test_each_kind_of_definition_has_the_four_operations() -> None:
    assert definitions in OPERATION_FILES
    added = of_sagemaker.added
    expected = {
        f"{verb}{kind}JobDefinition{plural}"
        for kind in DEFINITIONS
        for verb, plural in (("Create", ""), ("Describe", ""), ("List", "s"), ("Delete", ""))
    }
    assert expected == {name for name in added if "JobDefinition" in name}
    writes = {name for name in expected if added[name].needs is Role.WRITE}
    assert {name for name in expected if name.startswith(("Create", "Delete"))} == writes


def test_tags_are_read_and_listed_by_key() -> None:
    given = [{"Key": "team", "Value": "b"}, {"Key": "app", "Value": "a"}]
    assert {"team": "b", "app": "a"} == tags_of({"ResourceTags": given}, "ResourceTags")
    assert {} == tags_of({"Tags": None})
    assert [{"Key": "app", "Value": "a"}, {"Key": "team", "Value": "b"}] == listed_tags({"team": "b", "app": "a"})
