"""`CloudReader`: an account of AWS, read and never changed.

A guard in the session refuses whatever is not on the list that it was made with, before anything is sent; every request
waits for its turn (`call_limits`) and is counted (`call_costs`). Credentials are those that AWS's own tools would find,
or of a role that they may assume, renewed as they run out.
"""

import re
import threading
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError
from msgspec import Struct

from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, Throttled, TrimtabError, Unavailable
from trimtab.cloud.call_costs import Meter, Operation, cost
from trimtab.cloud.call_limits import Pace

_CONFIG = Config(
    retries={"mode": "adaptive", "max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra="trimtab",
    max_pool_connections=8,
)
_DENIED = frozenset(
    [
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "AuthFailure",
        "OptInRequired",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "SubscriptionRequiredException",
        "ExpiredToken",
        "ExpiredTokenException",
        "SignatureDoesNotMatch",
        "AllAccessDisabled",
    ]
)
_THROTTLED = frozenset(
    [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "RequestThrottled",
        "ProvisionedThroughputExceededException",
    ]
)
_GONE = ("NotFound", "NoSuch", "DoesNotExist", "NotExist")
_MARKUP = re.compile(r"<[^>]*>")
"""What an answer has that is no message of the service: the page of a proxy."""
_ALWAYS: Set[Operation] = frozenset((("sts", "GetCallerIdentity"), ("sts", "AssumeRole")))


class Access(Struct, frozen=True):
    """How an account is reached. All empty: with the server's own credentials. `endpoint` is for emulators."""

    role_arn: str = ""
    external_id: str = ""
    profile: str = ""
    endpoint: str = ""


class CloudReader:
    """Calls in an account. Made for threads; `account` names the buckets of `pace` and may be set when it is known."""

    def __init__(self, access: Access, allowed: Set[Operation], pace: Pace, meter: Meter, account: str = "") -> None:
        """`allowed` are the only operations that are ever sent. Raises InvalidInput for a profile that is not there."""
        self.account = account
        self.meter = meter
        self._access = access
        self._allowed = allowed | _ALWAYS
        self._pace = pace
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        import botocore.session  # half of botocore: loaded by who calls AWS

        try:
            self._session = botocore.session.Session(profile=access.profile or None)
            if access.role_arn:
                self._assume()
        except (BotoCoreError, ProfileNotFound) as problem:
            raise InvalidInput(f"cannot read AWS: {problem}") from problem

    def identity(self, region: str) -> dict[str, str]:
        """Account, Arn and UserId of the credentials. Raises what `call` raises."""
        return {key: str(value) for key, value in self.call("sts", region, "GetCallerIdentity").items()}

    def call(self, service: str, region: str, operation: str, **asked: Any) -> dict[str, Any]:
        """One call's answer. Raises AccessDenied, NotFound, Throttled, InvalidInput (no credentials), Unavailable."""
        with _translated(service, operation):
            client = self._client(service, region)
            answer = getattr(client, xform_name(operation))(**asked)
        answer.pop("ResponseMetadata", None)
        return dict(answer)

    def pages(self, service: str, region: str, operation: str, key: str, **asked: Any) -> Iterator[Any]:
        """The items under `key` of every page of an answer. Raises what `call` raises."""
        method = xform_name(operation)
        with _translated(service, operation):
            client = self._client(service, region)
            pages = client.get_paginator(method).paginate(**asked) if client.can_paginate(method) else None
        if pages is None:
            yield from self.call(service, region, operation, **asked).get(key) or ()
            return
        turns = iter(pages)
        while True:
            with _translated(service, operation):
                page = next(turns, None)
            if page is None:
                return
            yield from page.get(key) or ()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, service: str, region: str) -> Any:
        with self._lock:  # clients of a session are made one at a time
            found = self._clients.get((service, region))
            if found is None:
                found = self._clients[service, region] = self._made(service, region)
            return found

    def _made(self, service: str, region: str) -> Any:
        client = self._session.create_client(
            service, region_name=region, endpoint_url=self._access.endpoint or None, config=_CONFIG
        )
        self._watch(client, service, region)
        return client

    def _watch(self, client: Any, service: str, region: str) -> None:
        events = client.meta.events
        events.register_first("before-parameter-build.*.*", partial(self._guard, service))
        events.register_first("before-send.*.*", partial(self._before_send, service, region))
        events.register_first("needs-retry.*.*", partial(self._answered, service))

    def _guard(self, service: str, params: Any, model: Any, **_: Any) -> None:
        """Refuse what is not a read, whoever asks for it."""
        operation = model.name
        if (service, operation) not in self._allowed:
            raise AccessDenied(f"trimtab only reads AWS: {service}:{operation} is not on its list and was not sent")
        self.meter.add(service, operation, dollars=cost(service, operation, params))

    def _before_send(self, service: str, region: str, event_name: str, **_: Any) -> None:
        self._pace.take(self.account, region, service)
        self.meter.add(service, event_name.rpartition(".")[2], sent=1)

    def _answered(self, service: str, event_name: str, response: Any, **_: Any) -> None:
        code = str(response[1].get("Error", {}).get("Code", "")) if response else "no answer"
        if code and not any(word in code for word in _GONE):  # that a thing is not there is an answer
            self.meter.went_wrong(service, event_name.rpartition(".")[2], throttled=code in _THROTTLED)

    def _assume(self) -> None:
        """Let the session have the role's credentials, renewed before they run out."""

        def made(service: str, **options: Any) -> Any:
            own = {**options, "config": _CONFIG, "endpoint_url": self._access.endpoint or None}
            client = base.create_client(service, **{"region_name": "us-east-1", **own})
            self._watch(client, service, "us-east-1")
            return client

        import botocore.session  # half of botocore: loaded by who calls AWS

        base = botocore.session.Session(profile=self._access.profile or None)
        extra = {"RoleSessionName": "trimtab"}
        if self._access.external_id:
            extra["ExternalId"] = self._access.external_id
        credentials = base.get_credentials()
        if credentials is None:
            raise InvalidInput("cannot assume the role: the server has no AWS credentials of its own")
        fetcher = AssumeRoleCredentialFetcher(made, credentials, self._access.role_arn, extra_args=extra)
        renewed = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        self._session._credentials = renewed  # there is no public way


@contextmanager
def _translated(service: str, operation: str) -> Iterator[None]:
    """Turns botocore's errors into ours."""
    what = f"{service}:{operation}"
    try:
        yield
    except ClientError as problem:
        raise _error(what, problem) from problem
    except (NoCredentialsError, PartialCredentialsError) as problem:
        raise InvalidInput(f"cannot call {what}: the server has no AWS credentials; see `aws configure`") from problem
    except ValueError as problem:  # a region or an endpoint that is none
        raise InvalidInput(f"cannot call {what}: {problem}") from problem
    except (BotoCoreError, ResponseParserError) as problem:  # the second is no botocore error of its own
        raise Unavailable(f"cannot call {what}: {problem}") from problem


def _error(what: str, problem: ClientError) -> TrimtabError:
    error = problem.response.get("Error", {})
    code = str(error.get("Code", ""))
    said = " ".join(_MARKUP.sub(" ", str(error.get("Message", "") or problem)).split())
    kinds: list[tuple[bool, Callable[[str], TrimtabError]]] = [
        (code in _DENIED or code == "403", AccessDenied),
        (code in _THROTTLED, Throttled),
        (code == "404" or "Could not find" in said or any(word in code for word in _GONE), NotFound),
    ]
    made = next((one for holds, one in kinds if holds), Unavailable)
    return made(f"cannot call {what}: {code}: {said[:300]}")
