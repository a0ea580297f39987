"""`trimtab demo` never touches what is the user's."""

from dataclasses import fields
from pathlib import Path

from trimtab.cli.demo import own_settings
from trimtab.settings import OFF, Settings


def test_the_demo_shares_no_store_port_or_key_with_the_user(tmp_path: Path) -> None:
    users = Settings(
        http_addr="0.0.0.0:4800",
        data_dir=tmp_path / "trimtab",
        clickhouse_url="http://ch:8123",
        state_url="postgresql://db/trimtab",
        require_auth=True,
        url="https://trimtab.example.com",
        token="secret",
        engine_threads=7,
    )
    own = own_settings(users)
    assert tmp_path / "trimtab-demo" == own.data_dir
    assert "127.0.0.1:4800" == own.http_addr
    assert ("", "", "", "") == (own.clickhouse_url, own.state_url, own.url, own.token)
    assert not own.agent
    assert 7 == own.engine_threads
    others = [item.name for item in fields(Settings) if item.name.endswith("_addr") and item.name != "http_addr"]
    assert {OFF} == {getattr(own, name) for name in others}
