"""The files that make trimtab a data source of Grafana, with its dashboards."""

import json
from collections.abc import Sequence

import msgspec

from trimtab.reports.dashboards.model import Stored
from trimtab.reports.dashboards.starters import STARTERS
from trimtab.reports.exports.grafana import DATA_SOURCE, to_dashboard

FOLDER = "/etc/grafana/provisioning/dashboards/trimtab"
"""Where Grafana looks for the dashboards once the files are copied."""
_README = """\
# trimtab in Grafana

    cp -r datasources dashboards /etc/grafana/provisioning/
    # Grafana's environment: TRIMTAB_TOKEN=…, a token of role read (trimtab keys create --kind token --role read)
    systemctl restart grafana-server

Explore → trimtab shows what trimtab stores, by PromQL. Dashboards link to the same dashboard in trimtab over the same
range; trimtab's page links back.
"""


def grafana_files(stored: Sequence[Stored], url: str) -> dict[str, str]:
    """The files by path. `url` is this server as Grafana reaches it."""
    texts = {name: starter.text for name, starter in STARTERS.items()} | {one.name: one.body for one in stored}
    files = {
        "README.md": _README,
        "datasources/trimtab.yaml": _yaml(_data_source(url)),
        "dashboards/trimtab.yaml": _yaml(_provider()),
    }
    for name, text in sorted(texts.items()):
        board = to_dashboard(name, text, url)
        files[f"dashboards/trimtab/{name}.json"] = json.dumps(board, indent=2, ensure_ascii=False) + "\n"
    return files


def _data_source(url: str) -> dict[str, object]:
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "trimtab",
                "uid": DATA_SOURCE,
                "type": "prometheus",
                "access": "proxy",
                "url": url,
                "jsonData": {"httpMethod": "POST", "prometheusType": "Prometheus", "httpHeaderName1": "Authorization"},
                "secureJsonData": {"httpHeaderValue1": "Bearer $TRIMTAB_TOKEN"},
            }
        ],
    }


def _provider() -> dict[str, object]:
    return {
        "apiVersion": 1,
        "providers": [
            {"name": "trimtab", "folder": "trimtab", "type": "file", "options": {"path": FOLDER}},
        ],
    }


def _yaml(value: object) -> str:
    return msgspec.yaml.encode(value).decode()
