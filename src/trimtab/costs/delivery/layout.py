"""Where the files of a billing month lie, and the manifest that names them, as AWS delivers them.

Sources: "Understanding export delivery" in the AWS Data Exports user guide; "Cost and Usage Report: manifest files" and
"Understanding your report versions" in the Cost and Usage Report user guide.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.clock import to_datetime
from trimtab.costs.delivery.model import Definition, Destination, Execution, FileKind, Kind

_ENDINGS = {FileKind.CSV: ".csv.gz", FileKind.PARQUET: ".snappy.parquet"}


class Layout(Struct, frozen=True):
    """The keys of a month's files in a bucket."""

    definition: Definition
    destination: Destination
    run: Execution
    month: int

    def key(self, number: int) -> str:
        """The key of a file; the first is 1."""
        name = f"{self.definition.name}-{number:05d}{_ENDINGS[self.destination.files]}"
        return "/".join(part for part in (*self._folder(), name) if part)

    def manifests(self, keys: Sequence[str], columns: Sequence[Mapping[str, str]]) -> dict[str, bytes]:
        """The manifests of files that are written, by key."""
        name = f"{self.definition.name}-Manifest.json"
        if self.definition.kind is Kind.EXPORT:
            root = (*self._root(), "metadata", self._period)
            body: dict[str, Any] = {
                "exportArn": self.definition.arn,
                "executionId": self.run.id,
                "billingPeriod": self._period,
                "dataFiles": [f"s3://{self.destination.bucket.removeprefix('s3://')}/{key}" for key in keys],
                "columns": list(columns),
            }
        else:
            root = (*self._root(), self._range)
            start, _, end = self._range.partition("-")
            body = {
                "assemblyId": self.run.id,
                "account": self.definition.account,
                "reportName": self.definition.name,
                "bucket": self.destination.bucket,
                "reportKeys": list(keys),
                "billingPeriod": {"start": f"{start}T000000.000Z", "end": f"{end}T000000.000Z"},
                "contentType": "Parquet" if self.destination.files is FileKind.PARQUET else "text/csv",
                "columns": list(columns),
            }
        content = json.dumps(body, indent=1).encode()
        places = [root]
        if not self.destination.overwrite:
            version = (self._stamp,) if self.definition.kind is Kind.EXPORT else (self.run.id,)
            places.append((*root, *version))
        return {"/".join(part for part in (*place, name) if part): content for place in places}

    def _root(self) -> tuple[str, ...]:
        return (self.destination.prefix.strip("/"), self.definition.name)

    def _folder(self) -> tuple[str, ...]:
        if self.definition.kind is Kind.EXPORT:
            version = () if self.destination.overwrite else (self._stamp,)
            return (*self._root(), "data", self._period, *version)
        if self.destination.overwrite and self.destination.files is FileKind.PARQUET:
            return (*self._root(), self.definition.name, f"year={self.month // 100}", f"month={self.month % 100}")
        return (*self._root(), self._range, *(() if self.destination.overwrite else (self.run.id,)))

    @property
    def _period(self) -> str:
        return f"BILLING_PERIOD={self.month // 100}-{self.month % 100:02d}"

    @property
    def _range(self) -> str:
        year, month = divmod(self.month, 100)
        after = (year + 1, 1) if month == 12 else (year, month + 1)
        return f"{year}{month:02d}01-{after[0]}{after[1]:02d}01"

    @property
    def _stamp(self) -> str:
        return f"{to_datetime(self.run.created_ms):%Y-%m-%dT%H:%M:%S.000Z}-{self.run.id}"
