"""The guard's three questions: where from, who, and may they."""

import base64
from typing import Any

import pytest

from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.loopback import is_loopback
from trimtab.base.records import replace
from trimtab.doors.guard import Guard, Policy, Refusal, headers_of, host_of, policy_of
from trimtab.settings import Settings


class Keys:
    """Tokens r, w and a of the three roles; sessions s-r, s-w and s-a."""

    def principal_of_token(self, token: str) -> Principal | None:
        role = {"r": Role.READ, "w": Role.WRITE, "a": Role.ADMIN}.get(token)
        return None if role is None else Principal(f"token {token}", None, role, EVERYTHING)

    def principal_of_session(self, session: str) -> Principal | None:
        return self.principal_of_token(session.removeprefix("s-")) if session.startswith("s-") else None


def scope(method: str = "GET", path: str = "/", query: str = "", **headers: str) -> dict[str, Any]:
    given = {"host": "127.0.0.1:4750", **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    return {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": raw}


def source(request: dict[str, Any], policy: Policy | None = None) -> str | None:
    refusal = Guard(policy or Policy(), Keys()).check_source(request, headers_of(request))
    return None if refusal is None else refusal.code


def caller(request: dict[str, Any], *, auth: bool = True) -> Principal | Refusal:
    return Guard(Policy(auth_required=auth), Keys()).identify(request, headers_of(request))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:4750", "localhost", "LOCALHOST:1", "[::1]:4750", "127.8.9.1", "a.localhost:80"]
)
def test_a_host_that_can_only_be_this_machine_is_ours(host: str) -> None:
    assert source(scope(host=host)) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "", "[", "::1:x"]
)
def test_another_host_is_refused_on_loopback(host: str) -> None:
    assert source(scope(host=host)) == "host_not_allowed"


def test_a_repeated_host_is_no_host() -> None:
    request = scope()
    request["headers"].append((b"host", b"evil.example"))
    assert source(request) == "host_not_allowed"


def test_an_allowed_name_passes_and_beyond_loopback_no_name_is_asked_for() -> None:
    request = scope(host="trimtab.lan:4750")
    assert source(request, Policy(allowed_hosts=frozenset({"trimtab.lan"}))) is None
    assert source(request, Policy(check_host=False)) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://["},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:4750"},
    ],
)
def test_a_change_from_another_site_is_refused_and_a_read_is_not(headers: dict[str, str]) -> None:
    assert source(scope("POST", **headers)) == "cross_origin"
    assert source(scope("DELETE", **headers)) == "cross_origin"
    assert source(scope("GET", **headers)) is None


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:4750"}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}]
)
def test_a_change_from_our_own_pages_or_a_program_passes(headers: dict[str, str]) -> None:
    assert source(scope("POST", **headers)) is None


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"prometheus:{password}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer r"},
        {"authorization": "bearer  r"},
        {"authorization": basic("r")},
        {"cookie": "other=1; trimtab_session=s-r"},
    ],
)
def test_a_credential_is_taken_as_bearer_basic_password_or_cookie(headers: dict[str, str]) -> None:
    found = caller(scope(**headers))
    assert isinstance(found, Principal)
    assert found.name == "token r"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer x"},
        {"authorization": "Bearer"},
        {"authorization": "Basic !!!"},
        {"authorization": basic("x")},
        {"authorization": "Digest r"},
        {"cookie": "trimtab_session=r"},
        {"cookie": "\x00=;"},
    ],
)
def test_without_a_live_credential_nothing_is_read(headers: dict[str, str]) -> None:
    found = caller(scope(path="/rest/v1/metrics", **headers))
    assert isinstance(found, Refusal)
    assert (found.status, found.code, found.location) == (401, "unauthenticated", None)
    assert ("WWW-Authenticate", 'Bearer realm="trimtab"') in found.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/app.css"])
def test_probes_and_signing_in_need_no_credential(path: str) -> None:
    found = caller(scope(path=path))
    assert isinstance(found, Principal)
    assert found.role == Role.READ


def test_a_browser_without_a_session_is_sent_to_sign_in_and_back() -> None:
    found = caller(scope(path="/hosts", query="a=1&b=2", accept="text/html"))
    assert isinstance(found, Refusal)
    assert found.location == "/login?next=%2Fhosts%3Fa%3D1%26b%3D2"
    assert not found.bounce


def test_a_link_from_another_site_takes_one_step_through_our_own_page() -> None:
    found = caller(scope(path="/hosts", query="a=1", accept="text/html", sec_fetch_site="cross-site"))
    assert isinstance(found, Refusal)
    assert (found.location, found.bounce) == ("/hosts?a=1", True)


def test_a_fragment_request_is_not_sent_to_a_page() -> None:
    found = caller(scope(path="/hosts", accept="text/html", hx_request="true"))
    assert isinstance(found, Refusal)
    assert found.location is None


def test_local_mode_lets_in_anyone_and_keeps_a_known_token_to_its_role() -> None:
    assert caller(scope("POST", "/rest/v1/keys"), auth=False) == LOCAL_OPERATOR
    assert caller(scope("POST", "/v1/metrics", authorization="Bearer anything"), auth=False) == LOCAL_OPERATOR
    found = caller(scope("POST", "/rest/v1/metrics", authorization="Bearer r"), auth=False)
    assert isinstance(found, Refusal)
    assert found.code == "access_denied"


def test_a_role_that_is_too_small_is_refused_by_name() -> None:
    found = caller(scope("POST", "/rest/v1/metrics", authorization="Bearer r"))
    assert isinstance(found, Refusal)
    assert found.status == 403
    assert "'token r' has role read; needs write" in found.message


def test_beyond_loopback_a_credential_is_always_needed() -> None:
    local = Settings()
    assert policy_of(local) == Policy(auth_required=False, check_host=True)
    assert policy_of(replace(local, require_auth=True)).auth_required
    assert policy_of(replace(local, http_addr="0.0.0.0:4750")) == Policy(auth_required=True, check_host=False)
    assert policy_of(replace(local, otlp_http_addr="[::]:4318")).auth_required
    assert not policy_of(replace(local, http_addr="[::1]:4750", otlp_http_addr="off")).auth_required
    assert policy_of(replace(local, allowed_hosts="Trimtab.LAN, b,")).allowed_hosts == {"trimtab.lan", "b"}


def test_hosts_are_read_from_what_clients_send() -> None:
    assert [host_of(text) for text in ("A.b:1", "[::1]:2", "c.", "", "[")] == ["a.b", "::1", "c", "", ""]
    assert is_loopback("127.0.0.53")
    assert not is_loopback("0.0.0.0")
