"""STS with boto3: an assumed role is an account for a while, with at most what its parent may do."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from trimtab.access.principal import Role
from trimtab.access.scope import RowRule
from trimtab.base.clock import SystemClock
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sessions import key_of, open_session

KEY, READER, SECRET = "AKIDEXAMPLE", "AKIDREADER", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ACCOUNT, OTHER = "111122223333", "444455556666"


@pytest.fixture
def locked(make_world: Any) -> Any:
    world = make_world(auth_required=True, clock=SystemClock())
    world.keys.add(KEY, SECRET, None, Role.ADMIN)
    world.keys.add(READER, SECRET, ACCOUNT, Role.READ)
    return world


def sts(url: str, *credentials: str) -> Any:
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    held = dict(zip(names, credentials, strict=False))
    return boto3.client("sts", endpoint_url=url, region_name="us-east-1", **held)


def assume(client: Any, account: str = ACCOUNT, role: str = "deploy", **more: Any) -> tuple[Any, tuple[str, str, str]]:
    made = client.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="ci", **more)
    held = made["Credentials"]
    return made, (held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])


def code(call: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    return str(caught.value.response["Error"]["Code"])


def test_a_session_is_who_it_says_it_is(locked: Any, serve: Any) -> None:
    url = serve(locked.gateway)
    made, session = assume(sts(url, KEY, SECRET))
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"
    assert made["AssumedRoleUser"]["Arn"] == arn
    who = sts(url, *session).get_caller_identity()
    assert (arn, ACCOUNT) == (who["Arn"], who["Account"])
    assert "InvalidClientTokenId" == code(sts(url, *session[:2]).get_caller_identity)
    assert "SignatureDoesNotMatch" == code(sts(url, session[0], SECRET, session[2]).get_caller_identity)
    forged = session[2][:-1] + ("0" if session[2][-1] != "0" else "1")
    assert "InvalidClientTokenId" == code(sts(url, *session[:2], forged).get_caller_identity)
    assert "AccessDenied" == code(assume, sts(url, *session))
    locked.keys.keys.pop(KEY)  # what is revoked takes its sessions with it
    assert "InvalidClientTokenId" == code(sts(url, *session).get_caller_identity)


def test_a_role_is_never_more_than_who_assumes_it(locked: Any, serve: Any) -> None:
    url = serve(locked.gateway)
    assert "AccessDenied" == code(assume, sts(url, READER, SECRET), OTHER)
    assert "MalformedPolicyDocument" == code(assume, sts(url, KEY, SECRET), Policy="{}")
    assert "ValidationError" == code(
        sts(url, KEY, SECRET).assume_role, RoleArn="arn:aws:iam::1:user/somebody", RoleSessionName="ci"
    )
    for parent, role, may in ((KEY, "trimtab-read", False), (KEY, "deploy", True), (READER, "team-admin", False)):
        _, (id_, secret, token) = assume(sts(url, parent, SECRET), role=role)
        monitoring = boto3.client(
            "cloudwatch", endpoint_url=url, region_name="us-east-1",
            aws_access_key_id=id_, aws_secret_access_key=secret, aws_session_token=token,
        )  # fmt: skip
        put = {"Namespace": "app", "MetricData": [{"MetricName": "m", "Value": 1.0}]}
        if may:
            monitoring.put_metric_data(**put)
        else:
            assert code(monitoring.put_metric_data, **put) in ("AccessDenied", "AccessDeniedException")


def test_a_session_ends(make_world: Any) -> None:
    keys = make_world().keys
    keys.add(KEY, SECRET, ACCOUNT)
    session = open_session(KEY, SECRET, ACCOUNT, Role.READ, "deploy/ci", until_ms=10_000)
    found = key_of(keys, session.id, session.token, 9_999)
    assert (session.secret, ACCOUNT, Role.READ, "deploy/ci") == (
        found.secret, found.account, found.principal.role, found.principal.name,
    )  # fmt: skip
    with pytest.raises(AwsError, match="expired"):
        key_of(keys, session.id, session.token, 10_000)
    for token in ("", "x", ".", "bm9uZQ.00", session.token.replace(".", ".0")):
        with pytest.raises(AwsError, match="invalid"):
            key_of(keys, session.id, token, 0)


def test_where_no_key_is_asked_for_a_role_still_names_its_account(make_world: Any, serve: Any) -> None:
    url = serve(make_world(clock=SystemClock()).gateway)
    _, session = assume(sts(url, "anything", "at all"), OTHER)
    assert OTHER == sts(url, *session).get_caller_identity()["Account"]
    assert "123456789012" == sts(url, "ASIAELSEWHERE0000000", "x", "not ours").get_caller_identity()["Account"]


def test_a_session_of_a_team_stays_the_teams(make_world: Any) -> None:
    world = make_world(auth_required=True, clock=SystemClock())
    rows = (RowRule("team", frozenset(("vision",))),)
    world.keys.add(KEY, SECRET, None, Role.READ, rows)
    made = open_session(KEY, SECRET, ACCOUNT, Role.READ, "deploy/ci", world.clock.now_ms() + 60_000)
    assert key_of(world.keys, made.id, made.token, world.clock.now_ms()).principal.scope.rows == rows
