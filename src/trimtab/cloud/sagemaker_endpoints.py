"""SageMaker endpoints that are made and deleted for load tests."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cloud.sessions import client

_ABSENT = "Could not find"  # SageMaker answers ValidationException for what is not there
_REFUSED = ("ValidationException", "AccessDeniedException", "UnrecognizedClientException", "ResourceLimitExceeded")


class SageMakerEndpoints(Struct):
    """By this machine's credentials; `sagemaker` is a botocore client of others, `endpoint` another address."""

    region: str = ""
    endpoint: str = ""
    sagemaker: Any = None

    def create(self, name: str, model: str, instance_type: str) -> None:
        """Ask for an endpoint of one instance. Raises InvalidInput where it is refused, Unavailable."""
        variant = {"VariantName": "A", "ModelName": model, "InstanceType": instance_type, "InitialInstanceCount": 1}
        self._call("create_endpoint_config", EndpointConfigName=name, ProductionVariants=[variant])
        self._call("create_endpoint", EndpointName=name, EndpointConfigName=name)

    def status(self, name: str) -> str:
        """Its status; empty where there is none."""
        try:
            return str(self._call("describe_endpoint", EndpointName=name)["EndpointStatus"])
        except InvalidInput as problem:
            if _ABSENT in str(problem):
                return ""
            raise

    def delete(self, name: str) -> None:
        """Delete the endpoint and its configuration; what is not there is deleted. The first failure is told last."""
        failed: Exception | None = None
        for call, argument in (("delete_endpoint", "EndpointName"), ("delete_endpoint_config", "EndpointConfigName")):
            try:
                self._call(call, **{argument: name})
            except (InvalidInput, Unavailable) as problem:
                if _ABSENT not in str(problem):
                    failed = failed or problem
        if failed is not None:
            raise failed

    def _call(self, name: str, **arguments: Any) -> Any:
        if self.sagemaker is None:
            self.sagemaker = client("sagemaker", endpoint=self.endpoint or None, region=self.region or None)
        try:
            return getattr(self.sagemaker, name)(**arguments)
        except ClientError as problem:
            kind = InvalidInput if problem.response["Error"]["Code"] in _REFUSED else Unavailable
            raise kind(f"SageMaker refused {name}: {problem.response['Error'].get('Message', problem)}") from problem
        except BotoCoreError as problem:
            raise Unavailable(f"cannot reach SageMaker: {problem}") from problem
