"""Clients of AWS itself, from the credentials that its own tools find (environment, profiles, instance roles).

The only place outside the AWS door that reaches for the cloud, so that retries and time limits are one decision.
"""

from typing import Any

from botocore.config import Config

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra="trimtab",
)


def client(service: str, *, endpoint: str | None = None, region: str | None = None) -> Any:
    """A botocore client of `service`; `endpoint` is for emulators and private endpoints."""
    import botocore.session  # half of botocore: loaded by who calls AWS

    return botocore.session.get_session().create_client(
        service, region_name=region, endpoint_url=endpoint, config=_CONFIG
    )
