import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from trimtab.access.principal import Role
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sigv4 import Verifier, read_signature
from trimtab.doors.aws.wire.http import HttpRequest

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = dt.datetime(2026, 11, 25, 10, 0, tzinfo=dt.UTC)


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Signs a request with botocore, at AT, and gives it as the door reads it."""

    def sign(
        method: str = "POST",
        url: str = "http://localhost:4750/",
        body: bytes = b"{}",
        secret: str = SECRET,
        auth: Any = SigV4Auth,
        service: str = "monitoring",
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> HttpRequest:
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: AT.replace(tzinfo=None))
        request = AWSRequest(method, url, headers or {"content-type": "application/x-amz-json-1.0"}, body)
        auth(Credentials(KEY, secret), service, "eu-west-1", **options).add_auth(request)
        parts = urlsplit(request.url)
        sent = {name.lower().encode(): str(value).encode() for name, value in request.headers.items()}
        sent.setdefault(b"host", parts.netloc.encode())
        return HttpRequest(method, parts.path, parts.path.encode(), parts.query.encode(), sent, body, body)

    return sign


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(round(AT.timestamp() * 1000))


@pytest.fixture
def verify(make_world: Any, clock: ManualClock) -> Any:
    keys = make_world().keys
    keys.add(KEY, SECRET, "111122223333")
    verifier = Verifier(keys, clock)
    return lambda request, service="monitoring": verifier.verify(request, read_signature(request), service)


def code_of(call: Any, *arguments: Any) -> str:
    with pytest.raises(AwsError) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:4750/",
        "http://localhost:4750/a/b%20c/d?x=1&a=b%2Fc&empty=&a=a",
        "http://localhost:4750/2015-03-31/functions/arn%3Aaws%3Alambda/x~y",
        "http://localhost:4750/a/../b//c/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_botocore_signs_verifies(signed: Any, verify: Any, url: str, method: str) -> None:
    assert verify(signed(method, url)).account == "111122223333"


def test_a_presigned_url_verifies_until_it_expires(signed: Any, verify: Any, clock: ManualClock) -> None:
    request = signed("GET", "http://localhost:4750/?Action=ListMetrics", b"", auth=SigV4QueryAuth, expires=60)
    assert verify(request).id == KEY
    clock.advance(59)
    verify(request)
    clock.advance(2)
    assert code_of(verify, request) == "RequestExpired"


@pytest.mark.parametrize(("seconds", "good"), [(899, True), (901, False), (-899, True), (-901, False)])
def test_clocks_may_differ_by_15_minutes(
    signed: Any, verify: Any, clock: ManualClock, seconds: int, good: bool
) -> None:
    request = signed()
    clock.advance(seconds)
    if good:
        verify(request)
    else:
        assert code_of(verify, request) == "RequestExpired"


def test_anything_changed_after_signing_does_not_match(signed: Any, verify: Any) -> None:
    for change in (
        {"sent": b"{} "},
        {"method": "PUT"},
        {"raw_path": b"/other"},
        {"query": b"a=b"},
        {"headers": {**signed().headers, b"content-type": b"text/plain"}},
    ):
        request = signed()
        for name, value in change.items():
            setattr(request, name, value)
        assert code_of(verify, request) == "SignatureDoesNotMatch", change
    assert code_of(verify, signed(secret="other")) == "SignatureDoesNotMatch"


def test_a_signed_header_that_is_not_there_does_not_match(signed: Any, verify: Any) -> None:
    request = signed()
    request.headers = {name: value for name, value in request.headers.items() if name != b"content-type"}
    assert code_of(verify, request) == "SignatureDoesNotMatch"


def test_the_signature_must_be_for_the_service(signed: Any, verify: Any) -> None:
    assert code_of(verify, signed(service="sts")) == "SignatureDoesNotMatch"


def test_an_unsigned_payload_is_taken_where_the_header_says_so(signed: Any, verify: Any) -> None:
    request = signed(headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    request.sent = b"anything"
    verify(request)


def test_a_stated_payload_hash_must_be_the_bodys(signed: Any, verify: Any) -> None:
    wrong = "0" * 64
    assert code_of(verify, signed(headers={"x-amz-content-sha256": wrong})) == "SignatureDoesNotMatch"


def test_unknown_keys_and_missing_signatures_have_their_own_codes(signed: Any, verify: Any) -> None:
    request = signed()
    request.headers = {**request.headers, b"authorization": request.headers[b"authorization"].replace(b"AKID", b"NONE")}
    assert code_of(verify, request) == "InvalidClientTokenId"
    request.headers = {}
    assert code_of(verify, request) == "MissingAuthenticationToken"


@pytest.mark.parametrize(
    "authorization",
    [
        b"AWS4-HMAC-SHA256 nothing",
        b"AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00",
        b"AWS4-HMAC-SHA256 Credential=a/20261125/r/s/aws4_request, SignedHeaders=host",
    ],
)
def test_half_a_signature_is_incomplete(authorization: bytes) -> None:
    request = HttpRequest("POST", "/", b"/", b"", {b"authorization": authorization})
    assert code_of(read_signature, request) == "IncompleteSignature"


def test_a_signature_without_a_date_is_incomplete(signed: Any, verify: Any) -> None:
    request = signed()
    request.headers = {name: value for name, value in request.headers.items() if name != b"x-amz-date"}
    assert code_of(verify, request) == "IncompleteSignature"
    request.headers = {**request.headers, b"date": b"Wed, 25 Nov 2026 10:00:00 GMT"}
    assert code_of(verify, request) == "SignatureDoesNotMatch"  # the date counts; what was signed had the other header


@pytest.fixture
def locked(make_world: Any) -> Any:
    world = make_world(auth_required=True, clock=SystemClock())
    world.keys.add(KEY, SECRET, "111122223333")
    world.keys.add("AKIDREADER", SECRET, None, Role.READ)
    return world


def test_boto3_gets_in_with_a_key_and_not_without(locked: Any, serve: Any, make_client: Any) -> None:
    url = serve(locked.gateway)
    for protocol in ("json", "query", "smithy-rpc-v2-cbor"):
        good = make_client(url, protocol=protocol, aws_access_key_id=KEY, aws_secret_access_key=SECRET)
        good.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m" * 200, "Value": 1.0}] * 100)
        wrong = make_client(url, protocol=protocol, aws_access_key_id=KEY, aws_secret_access_key="x")
        with pytest.raises(ClientError) as caught:
            wrong.list_metrics()
        assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        stranger = make_client(url, protocol=protocol, aws_access_key_id="NOBODY", aws_secret_access_key="x")
        with pytest.raises(ClientError) as caught:
            stranger.list_metrics()
        assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"
    assert len(locked.value_rows) == 300
    assert {locked.registry.get(row[0]).identity.account for row in locked.value_rows} == {"111122223333"}


def test_the_account_is_the_keys(locked: Any, serve: Any, make_client: Any) -> None:
    client = make_client(serve(locked.gateway), "sts", aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    assert client.get_caller_identity()["Account"] == "111122223333"


def test_a_reading_key_may_not_write(locked: Any, serve: Any, make_client: Any) -> None:
    client = make_client(serve(locked.gateway), aws_access_key_id="AKIDREADER", aws_secret_access_key=SECRET)
    client.list_metrics()
    with pytest.raises(ClientError) as caught:
        client.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m", "Value": 1.0}])
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_local_mode_takes_any_signature_and_the_account_of_a_known_key(
    world: Any, serve: Any, make_client: Any
) -> None:
    world.keys.add("AKIDKNOWN", "another secret", "444455556666")
    url = serve(world.gateway)
    known = make_client(url, aws_access_key_id="AKIDKNOWN", region_name="eu-central-1")
    known.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m", "Value": 1.0}])
    series = world.registry.get(world.value_rows[0][0])
    assert (series.identity.account, series.identity.region) == ("444455556666", "eu-central-1")
