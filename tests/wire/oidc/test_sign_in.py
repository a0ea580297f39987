"""A browser signs in with an OpenID provider (a stand-in on this machine): the role comes from a claim of its token."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from live_server import LiveServer
from patience import until
from trimtab.client.api import Client

pytestmark = pytest.mark.wire
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "oidc-provider-mock"), "--port", str(port), "--require-nonce", "true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/.well-known/openid-configuration", trust_env=False).is_success
        except httpx.TransportError:
            return False

    until(answers, "the provider does not start")
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[LiveServer]:
    server = LiveServer(
        tmp_path_factory.mktemp("oidc"),
        TRIMTAB_REQUIRE_AUTH="1",
        TRIMTAB_OIDC_ISSUER=provider,
        TRIMTAB_OIDC_CLIENT_ID="trimtab",
        TRIMTAB_OIDC_CLIENT_SECRET="s3cret",
        TRIMTAB_OIDC_ROLES="finance=ledger,admin=platform|sre",
        TRIMTAB_ALLOW_RESET="0",
    ).start()
    yield server
    server.stop()


_opened = ExitStack()


@pytest.fixture(autouse=True)
def closed_browsers() -> Iterator[None]:
    yield
    _opened.close()


def browser(live: LiveServer) -> httpx.Client:
    return _opened.enter_context(httpx.Client(base_url=live.url, headers=HTML, trust_env=False))


def sign_in(live: LiveServer, provider: str, who: str, next_: str = "/") -> tuple[httpx.Client, httpx.Response]:
    """Through the provider and back; the answer of the callback."""
    ours = browser(live)
    begun = ours.get("/login/oidc", params={"next": next_})
    assert 303 == begun.status_code
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert ["S256"] == asked["code_challenge_method"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    answer = httpx.post(begun.headers["location"], data={"sub": who}, trust_env=False)
    assert 302 == answer.status_code
    assert answer.headers["location"].startswith(f"{live.url}/login/oidc/callback?")
    return ours, ours.get(answer.headers["location"])


def person(provider: str, sub: str, **claims: object) -> str:
    assert httpx.put(f"{provider}/users/{sub}", json=claims, trust_env=False).is_success
    return sub


def test_the_sign_in_page_leads_to_the_provider(live: LiveServer) -> None:
    page = browser(live).get("/login", params={"next": "/untagged"})
    assert 'href="/login/oidc?next=%2Funtagged"' in page.text


def test_a_member_of_a_group_gets_its_role_and_no_more(live: LiveServer, provider: str) -> None:
    who = person(provider, "paula", email="paula@example.com", groups=["ledger", "canteen"])
    ours, back = sign_in(live, provider, who)
    assert (303, "/home/money") == (back.status_code, back.headers["location"])
    cookie = next(one for one in back.headers.get_list("set-cookie") if one.startswith("trimtab_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert 200 == ours.get("/statements").status_code
    assert 403 == ours.get("/hosts").status_code
    assert 403 == ours.post("/statements/2026-08/close").status_code


def test_the_highest_role_counts_and_the_page_asked_for_comes(live: LiveServer, provider: str) -> None:
    who = person(provider, "omar", email="omar@example.com", groups=["ledger", "sre"])
    ours, back = sign_in(live, provider, who, "/access?x=1")
    assert "/access?x=1" == back.headers["location"]
    page = ours.get("/access")
    assert 200 == page.status_code
    assert "omar@example.com" in page.text


def test_nobody_comes_in_without_a_role(live: LiveServer, provider: str) -> None:
    _, back = sign_in(live, provider, person(provider, "eve", groups=["canteen"]))
    assert 403 == back.status_code
    assert "none of your groups has a role here" in back.text


def test_revoking_ends_the_session_at_once(live: LiveServer, provider: str) -> None:
    admin, _ = sign_in(live, provider, person(provider, "ada", email="ada@example.com", groups=["platform"]))
    target, _ = sign_in(live, provider, person(provider, "tom", email="tom@example.com", groups=["ledger"]))
    assert 200 == target.get("/statements").status_code
    listed = admin.get("/rest/v1/keys", headers={"Accept": "application/json"}).json()["keys"]
    [id_] = [one["id"] for one in listed if one["name"] == "tom@example.com"]
    assert 200 == admin.delete(f"/rest/v1/keys/{id_}").status_code
    time.sleep(1.2)  # another process would take up to this long to see it; this one does at once
    assert 401 == target.get("/rest/v1/statements", headers={"Accept": "application/json"}).status_code
    again, back = sign_in(live, provider, "tom")
    assert 303 == back.status_code
    assert 200 == again.get("/statements").status_code


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda url: re.sub("state=[^&]+", "state=forged", url), "belongs to another attempt"),
        (lambda url: re.sub("code=[^&]+", "code=forged", url), "the provider refused"),
        (lambda url: re.sub("code=[^&]+&?", "", url), "sent no code"),
    ],
)
def test_an_answer_that_was_tampered_with_is_refused(
    live: LiveServer, provider: str, spoil: object, words: str
) -> None:
    person(provider, "paula", groups=["ledger"])
    ours = browser(live)
    begun = ours.get("/login/oidc")
    answer = httpx.post(begun.headers["location"], data={"sub": "paula"}, trust_env=False)
    back = ours.get(spoil(answer.headers["location"]))  # type: ignore[operator]  # one of the functions above
    assert 401 == back.status_code
    assert words in back.text
    assert "trimtab_session" not in ours.cookies


def test_an_answer_without_an_attempt_is_refused(live: LiveServer, provider: str) -> None:
    back = browser(live).get("/login/oidc/callback?code=x&state=y")
    assert 401 == back.status_code
    assert "this attempt is over" in back.text


def test_no_open_redirect(live: LiveServer, provider: str) -> None:
    _, back = sign_in(live, provider, person(provider, "omar", groups=["sre"]), "//evil.example/")
    assert "/" == back.headers["location"]


def test_a_token_still_signs_in(live: LiveServer) -> None:
    with Client(live.url) as client:
        assert "ok" == client.health().status


def test_groups_of_the_provider_are_groups_here_one_at_a_time(live: LiveServer, provider: str) -> None:
    admin, _ = sign_in(live, provider, person(provider, "root", email="root@example.com", groups=["sre"]))
    for group in ("vision", "search"):
        body = {"role": "read", "teams": [group]}
        assert admin.put(f"/rest/v1/access/groups/{group}", json=body).is_success
    who = person(provider, "kim", email="kim@example.com", groups=["vision", "search", "canteen"])
    ours, back = sign_in(live, provider, who)
    assert 303 == back.status_code
    me = ours.get("/rest/v1/me").json()
    assert (me["group"], me["groups"], me["teams"], me["role"]) == ("search", ["search", "vision"], ["search"], "read")
    assert "Act as vision" in ours.get("/settings").text
    assert 303 == ours.post("/me/group", data={"group": "vision"}).status_code
    assert ["vision"] == ours.get("/rest/v1/me").json()["teams"]
    again, _ = sign_in(live, provider, "kim")
    assert "vision" == again.get("/rest/v1/me").json()["group"]
    assert 403 == ours.get("/access").status_code
