"""Lambda functions, with the concurrency that is provisioned and reserved for them. Their environment is left alone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, picked
from trimtab.base.clock import to_ms


def _functions(place: Place) -> Iterator[Found]:
    for item in place.pages("lambda", "ListFunctions", "Functions"):
        name, arn = item["FunctionName"], item["FunctionArn"]
        facts = _facts(item)
        reserved = place.maybe("lambda", "GetFunctionConcurrency", FunctionName=name)
        if reserved.get("ReservedConcurrentExecutions") is not None:
            facts["ReservedConcurrency"] = reserved["ReservedConcurrentExecutions"]
        provisioned = place.maybe("lambda", "ListProvisionedConcurrencyConfigs", FunctionName=name)
        configs = provisioned.get("ProvisionedConcurrencyConfigs", ())
        facts["ProvisionedConcurrency"] = [_provisioned(one) for one in configs]
        tags = place.maybe("lambda", "ListTags", Resource=arn).get("Tags", {})
        yield Found(arn, name, item.get("Runtime", ""), tags, facts)


def _facts(item: Item) -> dict[str, Any]:
    facts = picked(item, "Runtime", "MemorySize", "Timeout", "CodeSize", "PackageType", "Architectures")
    facts["EphemeralStorage"] = item.get("EphemeralStorage", {}).get("Size", 512)
    facts["VpcId"] = (item.get("VpcConfig") or {}).get("VpcId", "")
    facts["DeadLetterTargetArn"] = (item.get("DeadLetterConfig") or {}).get("TargetArn", "")
    facts["TracingMode"] = (item.get("TracingConfig") or {}).get("Mode", "")
    facts["LogGroup"] = (item.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{item['FunctionName']}"
    if changed := item.get("LastModified"):
        facts["LastModified"] = to_ms(datetime.fromisoformat(changed.replace("+0000", "+00:00")))
    return facts


def _provisioned(item: Item) -> dict[str, Any]:
    return {
        "Qualifier": str(item.get("FunctionArn", "")).rpartition(":")[2],
        "Requested": item.get("RequestedProvisionedConcurrentExecutions", 0),
        "Allocated": item.get("AllocatedProvisionedConcurrentExecutions", 0),
        "Available": item.get("AvailableProvisionedConcurrentExecutions", 0),
        "Status": item.get("Status", ""),
    }


SOURCES = (
    Source(
        "Lambda functions",
        ("lambda:function",),
        (
            ("lambda", "ListFunctions"),
            ("lambda", "GetFunctionConcurrency"),
            ("lambda", "ListProvisionedConcurrencyConfigs"),
            ("lambda", "ListTags"),
        ),
        _functions,
    ),
)
