"""The settings' file of what may be scaled."""

from pathlib import Path

import pytest

from trimtab.base.errors import SetupError
from trimtab.scaling.targets.file import read_scaling_file, scaling_file

POOL = {"command": ["serve", "--port", "{port}"]}


def test_a_file_names_pools_clusters_webhooks_and_what_of_aws_may_be_written(tmp_path: Path) -> None:
    path = tmp_path / "scaling.toml"
    path.write_text(
        '[pools.chat]\ncommand = ["serve"]\nzones = ["a", "b"]\nprice_per_hour = 1.25\n'
        '[kubernetes.prod]\nserver = "https://10.0.0.1:6443"\n'
        '[webhooks.render]\nurl = "https://example.com"\nsecret = "whsec_x"\n[aws]\nact_on = ["ecs:service/prod/*"]\n'
    )
    found = read_scaling_file(str(path))
    assert (["a", "b"], "1.25") == (found.pools["chat"].zones, str(found.pools["chat"].price_per_hour))
    assert found.aws is not None
    assert "whsec_x" not in repr(found)
    assert {} == read_scaling_file("").pools


@pytest.mark.parametrize(
    ("loaded", "words"),
    [
        ({"pool": {}}, "unknown key 'pool'"),
        ({"pools": {"a": {**POOL, "zone": "x"}}}, "unknown key 'zone'"),
        ({"pools": {"a": {"command": []}}}, "command must name a program"),
        ({"pools": {"a": {**POOL, "least": 3, "most": 2}}}, "0 ≤ least ≤ most"),
        ({"pools": {"a": {**POOL, "zones": ["a", "a"]}}}, "each once"),
        ({"pools": {"a": {"command": "serve"}}}, "Expected `array`"),
    ],
)
def test_a_slip_of_the_pen_is_refused(loaded: dict[str, object], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        scaling_file(loaded, "scaling.toml")
