"""`trimtab demo` never touches what is the user's, and says how far it is."""

from collections.abc import Callable
from dataclasses import fields
from io import StringIO
from pathlib import Path

from rich.console import Console

from trimtab.cli.demo import own_settings, perform_on
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


def test_where_its_output_is_a_file_the_demo_says_how_far_it_is_in_lines(tmp_path: Path) -> None:
    class Play:
        def run(self, progress: Callable[[float, int], None], loaded: object) -> None:
            for share, samples in ((0.0, 0), (0.004, 20_000), (0.31, 4_200_000), (0.34, 4_400_000), (1.0, 13_000_000)):
                progress(share, samples)

    file = StringIO()
    console = Console(file=file, highlight=False, soft_wrap=True)
    perform_on(Play(), "http://127.0.0.1:4750", Settings(data_dir=tmp_path), console)
    assert [
        "two weeks of a company: 0 %, 0.0 M samples",
        "two weeks of a company: 30 %, 4.2 M samples",
        "two weeks of a company: 100 %, 13.0 M samples",
    ] == [line for line in file.getvalue().splitlines() if line.strip()]
