"""SageMaker's pipelines: a client of a region, and what its calls raise."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trimtab.cloud.sessions import client

PROBLEMS: tuple[type[Exception], ...] = (BotoCoreError, ClientError)


def pipelines(region: str) -> Any:
    """A client of SageMaker in a region."""
    return client("sagemaker", region=region)
