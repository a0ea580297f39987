"""SigV4 against a live server that asks for it: keys that another process made and revoked count at once."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from live_server import LiveServer
from shared_servers import SharedServers
from trimtab.access.key import NewKey
from trimtab.access.keys import KeyStore
from trimtab.access.principal import Role
from trimtab.base.clock import SystemClock
from trimtab.store.state.database import State

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def locked(shared_servers: SharedServers) -> LiveServer:
    return shared_servers.server("guarded", "tests/wire/aws/test_keys.py")


@pytest.fixture
def keys(locked: LiveServer) -> Iterator[KeyStore]:
    state = State.open("", locked.data_dir)
    yield KeyStore(state, SystemClock())
    state.close()


def client_of(server: LiveServer, key_id: str, secret: str, service: str = "cloudwatch") -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
    )


def code_of(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def make(server: LiveServer, keys: KeyStore, account: str, role: Role = Role.WRITE) -> NewKey:
    key = asyncio.run(keys.create_aws("wire", account, role))
    outcome(client_of(server, key.id, key.secret).list_metrics, "")  # known within keys.MISS_FRESH_S
    return key


def outcome(call: Any, wanted: str) -> None:
    """Repeat `call` until its error code is `wanted` ("" for none): the server looks at the keys now and then."""
    deadline = time.monotonic() + 5
    while True:
        try:
            call()
            code = ""
        except ClientError as error:
            code = error.response["Error"]["Code"]
        if code == wanted:
            return
        assert time.monotonic() < deadline, f"got {code!r}; expected {wanted!r}"


def test_a_key_opens_its_own_account_only(locked: LiveServer, keys: KeyStore) -> None:
    for account in ("111111111111", "222222222222"):
        key = make(locked, keys, account)
        client = client_of(locked, key.id, key.secret)
        client.put_metric_data(Namespace="wire/keys", MetricData=[{"MetricName": f"of-{account}", "Value": 1.0}])
        listed = client.list_metrics(Namespace="wire/keys", IncludeLinkedAccounts=True)
        assert [metric["MetricName"] for metric in listed["Metrics"]] == [f"of-{account}"]
        assert client_of(locked, key.id, key.secret, "sts").get_caller_identity()["Account"] == account


def test_wrong_secrets_and_unknown_keys_stay_out(locked: LiveServer, keys: KeyStore) -> None:
    key = make(locked, keys, "111111111111")
    assert code_of(client_of(locked, key.id, "wrong").list_metrics) == "SignatureDoesNotMatch"
    assert code_of(client_of(locked, "AKIANOBODY", "wrong").list_metrics) == "InvalidClientTokenId"


def test_a_reading_key_reads(locked: LiveServer, keys: KeyStore) -> None:
    key = make(locked, keys, "111111111111", Role.READ)
    client = client_of(locked, key.id, key.secret)
    client.list_metrics()
    put = {"Namespace": "wire/keys", "MetricData": [{"MetricName": "m", "Value": 1.0}]}
    assert code_of(lambda: client.put_metric_data(**put)) == "AccessDenied"


def test_a_finance_key_asks_cost_explorer_and_no_metrics(locked: LiveServer, keys: KeyStore) -> None:
    key = asyncio.run(keys.create_aws("ledger", "111111111111", Role.FINANCE))
    outcome(client_of(locked, key.id, key.secret).list_metrics, "AccessDenied")
    period = {"TimePeriod": {"Start": "2026-08-01", "End": "2026-09-01"}, "Granularity": "MONTHLY"}
    ask = client_of(locked, key.id, key.secret, "ce").get_cost_and_usage
    assert code_of(lambda: ask(**period, Metrics=["UnblendedCost"])) == "DataUnavailableException"  # let in: no bill


def test_a_revoked_key_stays_out(locked: LiveServer, keys: KeyStore) -> None:
    key = make(locked, keys, "111111111111")
    client = client_of(locked, key.id, key.secret)
    asyncio.run(keys.revoke(key.id))
    outcome(client.list_metrics, "InvalidClientTokenId")
