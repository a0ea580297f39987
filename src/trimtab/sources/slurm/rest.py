"""Asks slurmrestd instead of running SLURM's tools: its answers are JSON, which `gathered.py` reads."""

import re
from collections.abc import Callable, Mapping

import httpx

from trimtab.base.errors import SetupError, Unavailable
from trimtab.sources.http import connection, describe
from trimtab.sources.slurm import answers

VERSIONS = ("v0.0.44", "v0.0.43", "v0.0.42", "v0.0.41", "v0.0.40")
"""Versions of the interface that are asked for, newest first (SLURM 25.11 to 23.11)."""
TIMEOUT_S = 300.0
"""As for the tools: a month of a large cluster's accounting takes a busy slurmdbd some minutes."""
_SAID = 300
_VERSION = re.compile(r"v0\.0\.\d+")


class Rest:
    """A slurmrestd. `headers` gives user and token anew for each request, since tokens end."""

    def __init__(
        self,
        url: str,
        headers: Callable[[], Mapping[str, str]],
        *,
        version: str = "",
        ca_file: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`version` is the interface's (`v0.0.42`), else the newest that answers. Raises SetupError."""
        if version and not _VERSION.fullmatch(version):
            raise SetupError(f"cannot use version {version!r} of slurmrestd: expected one such as {VERSIONS[0]}")
        self._client = connection(url, {}, ca_file, TIMEOUT_S, transport=transport)
        self._headers = headers
        self._version = version
        self._accounts = True

    def sacct(self, start_ms: int, end_ms: int) -> str:
        """Jobs of accounting that waited or ran in a range; "" where the cluster keeps no accounts."""
        if not self._accounts:
            return ""
        asked = {"start_time": f"{start_ms // 1000}", "end_time": f"{-(-end_ms // 1000)}", "show_duplicates": "true"}
        response = self._get("slurmdb", "jobs", asked)
        if response.status_code == httpx.codes.NOT_FOUND:
            self._accounts = False
            return ""
        return self._text(response)

    def jobs(self) -> str:
        """Jobs that the controller knows, with the GPUs that they hold."""
        return self._text(self._get("slurm", "jobs"))

    def nodes(self) -> str:
        """Every node."""
        return self._text(self._get("slurm", "nodes"))

    def squeue(self) -> str:
        """Nothing more: the controller's jobs say why they wait."""
        return ""

    def events(self, start_ms: int) -> str:
        """slurmrestd does not tell them."""
        del start_ms
        return ""

    def others(self) -> list[tuple[str, str]]:
        """None."""
        return []

    def cluster(self) -> str:
        """The name of the cluster; "" where the answers do not say."""
        return answers.read(self._text(self._get("slurm", "ping"))).cluster

    def _get(self, part: str, what: str, asked: Mapping[str, str] | None = None) -> httpx.Response:
        if not self._version:
            self._version = self._newest()
        return self._ask(f"/{part}/{self._version}/{what}", asked)

    def _newest(self) -> str:
        for version in VERSIONS:
            response = self._ask(f"/slurm/{version}/ping", None)
            if response.status_code != httpx.codes.NOT_FOUND:
                self._text(response)
                return version
        raise SetupError(
            f"cannot read from slurmrestd at {self._client.base_url}: it answers none of {', '.join(VERSIONS)}; "
            "try --rest-version with one that `slurmrestd -d list` names"
        )

    def _ask(self, path: str, asked: Mapping[str, str] | None) -> httpx.Response:
        try:
            return self._client.get(path, params=dict(asked or {}), headers=dict(self._headers()))
        except httpx.HTTPError as problem:
            raise Unavailable(
                f"cannot reach slurmrestd at {self._client.base_url}: {describe(problem)}; is it running?"
            ) from None

    def _text(self, response: httpx.Response) -> str:
        """What was answered. Raises SetupError where the token is refused, Unavailable for any other trouble."""
        if response.is_success:
            return response.text
        said = " ".join(response.text.split())
        if answers.is_json(response.text):
            said = "; ".join(answers.read(response.text).errors) or said
        if (
            response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
            or "authentication" in said.lower()
        ):
            raise SetupError(
                f"cannot read from slurmrestd at {self._client.base_url}: it refuses the token: {said[:_SAID]}; try "
                "--rest-token-file with one of `scontrol token`"
            )
        raise Unavailable(
            f"cannot read from slurmrestd at {self._client.base_url}: {response.status_code}: {said[:_SAID]}"
        )
