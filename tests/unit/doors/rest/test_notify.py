"""Channels, deliveries and Alertmanager's webhook over REST."""

import asyncio
import re
from typing import Any

import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab.access.principal import Role

CHANNELS, LOG, ALERTS = "/rest/v1/channels", "/rest/v1/deliveries", "/rest/v1/alertmanager"
HOOK = {"name": "hook", "kind": "webhook", "endpoint": "https://example.com/h?key=SECRET", "topics": ["ops"]}


def bearer(api: Api, role: Role, account: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {asyncio.run(api.keys.create_token(role, role, account)).secret}"}


def test_a_webhooks_secret_is_shown_once(api: Api) -> None:
    made = api.client.post(CHANNELS, json=HOOK)
    assert made.status_code == 201
    secret = made.json()["signing_secret"]
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{44}", secret)
    listed = api.client.get(CHANNELS)
    assert secret not in listed.text
    assert "SECRET" not in listed.text
    (channel,) = listed.json()["channels"]
    assert (channel["name"], channel["endpoint"], channel["topics"]) == ("hook", "https://example.com/h?…", ["ops"])


def test_a_secret_that_was_given_is_not_shown_at_all(api: Api) -> None:
    secret = "whsec_" + "QUFB" * 8
    made = api.client.post(CHANNELS, json={**HOOK, "signing_secret": secret, "authorization": "Bearer hidden"})
    assert made.json()["signing_secret"] is None
    assert secret not in made.text + api.client.get(CHANNELS).text
    assert "hidden" not in made.text + api.client.get(CHANNELS).text


def test_a_test_is_planned_listed_and_told_with_its_attempts(api: Api) -> None:
    api.client.post(CHANNELS, json=HOOK)
    sent = api.client.post(f"{CHANNELS}/hook/test")
    assert sent.status_code == 202
    id_ = sent.json()["id"]
    page = api.client.get(LOG, params={"channel": "hook", "state": "waiting"}).json()
    assert [one["id"] for one in page["deliveries"]] == [id_]
    assert page["next"] is None
    detail = api.client.get(f"{LOG}/{id_}").json()
    assert (detail["delivery"]["kind"], detail["attempts"]) == ("notify.test", [])
    assert api.client.post(f"{LOG}/{id_}/retry").json()["state"] == "waiting"
    assert api.client.get(LOG, params={"state": "failed"}).json()["deliveries"] == []


def test_the_log_comes_in_pages(api: Api) -> None:
    api.client.post(CHANNELS, json=HOOK)
    ids = [api.client.post(f"{CHANNELS}/hook/test").json()["id"] for _ in range(3)]
    first = api.client.get(LOG, params={"limit": 2}).json()
    second = api.client.get(LOG, params={"limit": 2, "before": first["next"]}).json()
    assert [one["id"] for one in first["deliveries"] + second["deliveries"]] == ids[::-1]


def test_a_removed_channel_is_gone_and_its_log_stays(api: Api) -> None:
    api.client.post(CHANNELS, json=HOOK)
    id_ = api.client.post(f"{CHANNELS}/hook/test").json()["id"]
    assert api.client.delete(f"{CHANNELS}/hook").json()["name"] == "hook"
    assert api.client.get(CHANNELS).json()["channels"] == []
    assert api.client.get(f"{LOG}/{id_}").json()["delivery"]["reason"] == "the channel was removed"
    assert api.client.post(f"{LOG}/{id_}/retry").json()["error"]["code"] == "conflict"
    assert api.client.delete(f"{CHANNELS}/hook").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "command"}, "kind"),
        ({"kind": "sns"}, "kind"),
        ({"name": "a b"}, "name"),
        ({"group_s": 5}, "group_s"),
        ({"routing_key": "x"}, "routing_key"),
        ({"signing_secret": "short"}, "signing_secret"),
        ({"events": ["*x*"]}, "events"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_channel_is_refused_with_the_field(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api.client.post(CHANNELS, json={**HOOK, **change})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_readers_look_and_writers_change(api: Api) -> None:
    reader, writer = bearer(api, Role.READ), bearer(api, Role.WRITE)
    assert api.guarded.post(CHANNELS, json=HOOK, headers=reader).status_code == 403
    assert api.guarded.post(CHANNELS, json=HOOK, headers=writer).status_code == 201
    assert api.guarded.get(CHANNELS, headers=reader).status_code == 200
    assert api.guarded.post(f"{CHANNELS}/hook/test", headers=reader).status_code == 403
    assert api.guarded.post(ALERTS, json={"alerts": []}, headers=reader).status_code == 403
    assert api.guarded.get(CHANNELS).status_code == 401


def test_an_account_sees_its_own_channels_only(api: Api) -> None:
    api.client.post(CHANNELS, json=HOOK)
    sent = api.client.post(f"{CHANNELS}/hook/test").json()
    other = bearer(api, Role.WRITE, "210987654321")
    assert api.guarded.get(CHANNELS, headers=other).json()["channels"] == []
    assert api.guarded.get(f"{LOG}/{sent['id']}", headers=other).status_code == 404
    assert api.guarded.delete(f"{CHANNELS}/hook", headers=other).status_code == 404
    assert api.guarded.post(CHANNELS, json=HOOK, headers=other).json()["channel"]["account"] == "210987654321"


def webhook(status: str = "firing", **labels: str) -> dict[str, Any]:
    """As Alertmanager 0.27 sends it."""
    alert = {
        "status": status,
        "labels": {"alertname": "HighLatency", **labels},
        "annotations": {"summary": "slow"},
        "startsAt": "2026-11-25T10:00:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": "a1b2c3",
    }
    return {
        "receiver": "trimtab",
        "status": status,
        "alerts": [alert],
        "groupLabels": {"alertname": "HighLatency"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": '{}:{alertname="HighLatency"}',
        "truncatedAlerts": 0,
    }


def test_alertmanagers_webhook_is_taken_and_shown(api: Api) -> None:
    assert api.client.post(ALERTS, json=webhook()).json() == {"changed": 1, "repeated": 0, "own": 0}
    assert api.client.post(ALERTS, json=webhook()).json() == {"changed": 0, "repeated": 1, "own": 0}
    assert api.client.post(ALERTS, json=webhook(trimtab_origin="trimtab")).json()["own"] == 1
    (alert,) = api.client.get(ALERTS).json()["alerts"]
    assert (alert["name"], alert["status"], alert["body"]["receiver"]) == ("HighLatency", "firing", "trimtab")


def test_another_version_of_the_webhook_is_refused(api: Api) -> None:
    answer = api.client.post(ALERTS, json={**webhook(), "version": "5"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "version")
