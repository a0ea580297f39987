"""From release 0.1.0: what is sent to already goes on being sent to."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from gates import gate_of
from trimtab.store.state.database import State


def _migrated(path: Path, to: str) -> State:
    state = State(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(resources.files("trimtab.store.state") / "migrations"))
    with state.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return state


def _put(state: State, table: str, **values: Any) -> None:
    """A row whose other columns hold what fits their type."""
    with state.engine.begin() as connection:
        columns = {one["name"]: one for one in inspect(connection).get_columns(table)}
        fill = {name: 0 if "INT" in str(one["type"]) else f"{table}-{name}"[:12] for name, one in columns.items()}
        row = {**fill, **values}
        names = ", ".join(f'"{name}"' for name in row)
        places = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)


def test_the_places_of_what_there_is_join_the_list(tmp_path: Path) -> None:
    state = _migrated(tmp_path / "state.sqlite", "0042")
    oauth = {"OAuthParameters": {"AuthorizationEndpoint": "https://sign-in.internal/token"}}
    model = {
        "PrimaryContainer": {"Environment": {"TRIMTAB_URL_ml_g5": "http://[fd00::5]:8080/x", "OTHER": "http://no/"}}
    }
    function = {"versions": [{"form": {"Environment": {"Variables": {"TRIMTAB_URL": "http://lambda.internal/"}}}}]}
    _put(state, "notify_channels", endpoint="http://127.0.0.1:9/hook?token=x")
    _put(state, "notify_channels", id="2", name="2", endpoint="ops@example.com")
    _put(state, "notify_channels", id="3", name="3", endpoint="https://93.184.216.34/public")
    _put(state, "notify_channels", id="4", name="4", endpoint="http://127.0.0.1:9/another")
    _put(state, "event_targets", arn="http://10.0.0.1/x")
    _put(state, "event_destinations", endpoint="https://10.0.0.2/*/x")
    _put(state, "event_connections", secret=json.dumps(oauth))
    _put(state, "pipelines", form='{"url": "http://10.0.0.3:81/x"}')
    _put(state, "log_subscription_filters", destination="http://10.0.0.4/x")
    _put(state, "log_destinations", target="arn:aws:logs:us-east-1:1:log-group:x")
    _put(state, "log_scheduled_queries", destination="http://10.0.0.5/x")
    _put(state, "metric_streams", form='{"FirehoseArn": "http://10.0.0.6/x"}')
    _put(state, "aws_accounts", form='{"endpoint": "http://10.0.0.7:4566"}')
    _put(state, "served_resources", form=json.dumps(model))
    _put(state, "scaling_documents", document=json.dumps(function))
    state.migrate()
    listed = gate_of(state).entries.listed()
    assert [str(one.place) for one in listed] == [
        "10.0.0.1:80",
        "10.0.0.2:443",
        "10.0.0.3:81",
        "10.0.0.4:80",
        "10.0.0.5:80",
        "10.0.0.6:80",
        "10.0.0.7:4566",
        "127.0.0.1:9",
        "[fd00::5]:8080",
        "lambda.internal:80",
        "sign-in.internal:443",
    ]
    assert {one.made_by for one in listed} == {"upgrade"}
    assert listed[7].note == "was in use when the list began (notify_channels)"
    assert gate_of(state).addresses("127.0.0.1", 9)
    state.close()
