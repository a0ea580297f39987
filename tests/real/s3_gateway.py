"""An S3 on loopback with keys and buckets of its own, and that of SeaweedFS (Ceph's: ceph_gateway.py)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from patience import until
from real.parts import daemons, free_port

KEY, SECRET = "TRIMTABREALTEST", "secret-of-this-test"
BUCKETS = ("bills", "exports", "trail", "delivered", "archive", "models")
GRANTED = {
    "identities": [{"name": "t", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}]
}


class Gateway:
    """A running S3."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.environment = {
            "AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }  # fmt: skip

    def client(self, secret: str = SECRET) -> Any:
        """A client with the right key, or with another secret."""
        return boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 1}),
        )  # fmt: skip

    def objects(self, bucket: str) -> dict[str, bytes]:
        """What is in a bucket, by key."""
        s3 = self.client()
        listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}


def with_buckets(made: Gateway, said: Callable[[], str]) -> Gateway:
    """A gateway that has begun to take buckets, with those of these tests; `said` is what its program printed."""

    def takes_buckets() -> bool:
        try:
            for bucket in BUCKETS:
                made.client().create_bucket(Bucket=bucket)
            made.client().put_object(Bucket="models", Key="first", Body=b"there")
        except Exception:  # noqa: BLE001  # whatever it answers while its parts find each other
            return False
        return True

    until(takes_buckets, f"S3 takes no bucket: {said()[-2000:]}")
    return made


@contextmanager
def seaweedfs_running() -> Iterator[Gateway]:
    """SeaweedFS with its S3 gateway and every bucket of these tests."""
    with daemons() as running:
        folder = running.folder
        (folder / "s3.json").write_text(json.dumps(GRANTED))
        (folder / "data").mkdir()
        ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
        words = [f"-{name}.port={port}" for name, port in ports.items()]
        words += [f"-{name}.port.grpc={free_port()}" for name in ports]
        words += [f"-dir={folder}/data", f"-s3.config={folder}/s3.json", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        running.start(
            "weed",
            "server",
            "-filer",
            "-s3",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=200",
            *words,
        )
        running.listens("weed", ports["s3"])
        yield with_buckets(Gateway(f"http://127.0.0.1:{ports['s3']}"), lambda: running.output("weed"))
