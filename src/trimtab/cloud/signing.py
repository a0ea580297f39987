"""Signatures of requests that are sent by another client than botocore's: load tests send faster than it does."""

from collections.abc import Callable, Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from trimtab.base.errors import InvalidInput


def signer(url: str, service: str, region: str) -> Callable[[bytes, Mapping[str, str]], Mapping[str, str]]:
    """A function (body, headers) -> signed headers for POST to `url`, by this machine's credentials.

    Raises InvalidInput where there are no credentials.
    """
    import botocore.session  # half of botocore: loaded by who calls AWS

    session = botocore.session.get_session()
    credentials = session.get_credentials()
    if credentials is None:
        raise InvalidInput(f"cannot sign requests to {url}: there are no AWS credentials")
    auth = SigV4Auth(credentials, service, region or session.get_config_variable("region") or "us-east-1")

    def sign(body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        request = AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
        auth.add_auth(request)
        return dict(request.headers.items())

    return sign


def endpoint_url(name: str, region: str, base: str = "") -> str:
    """Where SageMaker's runtime invokes an endpoint; `base` replaces the service's own address."""
    root = base.rstrip("/") or f"https://runtime.sagemaker.{region or 'us-east-1'}.amazonaws.com"
    return f"{root}/endpoints/{name}/invocations"
