"""boto3's pricing and resourcegroupstaggingapi clients against the live server."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
REGION = "ap-northeast-3"
"""Of these tests alone."""
LIST = {"service": "AmazonEC2", "region": REGION, "version": "20260101000000", "published_ms": 1_767_225_600_000}


def client(server: LiveServer, service: str, region: str = "us-east-1") -> Any:
    return boto3.client(service, region_name=region, endpoint_url=server.url, **KEYS)


@pytest.fixture(scope="module")
def listed(server: LiveServer) -> LiveServer:
    """A small price list of a region."""
    facts = {"instanceType": "g5.xlarge", "operatingSystem": "Linux", "tenancy": "Shared", "location": "Osaka"}
    product = {"sku": "OSAKA1", "family": "Compute Instance", "attributes": facts}
    price = {"sku": "OSAKA1", "rate_code": "OSAKA1.J.6", "term": "OnDemand", "unit": "Hrs", "amount": "1.306"}
    part = {"of": LIST, "products": [product], "prices": [price]}
    httpx.post(f"{server.url}/rest/v1/price-lists/parts", json=part, timeout=60).raise_for_status()
    httpx.post(f"{server.url}/rest/v1/price-lists", json=LIST, timeout=60).raise_for_status()
    return server


def products(server: LiveServer, **equal: str) -> list[dict[str, Any]]:
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in equal.items()]
    pages = client(server, "pricing").get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters)
    return [json.loads(one) for page in pages for one in page["PriceList"]]


def test_products_have_the_terms_that_hold(listed: LiveServer) -> None:
    (found,) = products(listed, instanceType="g5.xlarge", regionCode=REGION)
    (term,) = found["terms"]["OnDemand"].values()
    (price,) = term["priceDimensions"].values()
    assert ("Hrs", "1.3060000000", "2026-01-01T00:00:00Z") == (
        price["unit"],
        price["pricePerUnit"]["USD"],
        term["effectiveDate"],
    )
    assert ("AmazonEC2", "20260101000000", "OSAKA1") == (
        found["serviceCode"],
        found["version"],
        found["product"]["sku"],
    )


def test_the_package_stands_in_and_an_unknown_price_has_no_terms(listed: LiveServer) -> None:
    (known,) = products(listed, instanceType="p5.48xlarge", regionCode="us-east-1", operatingSystem="linux")
    (term,) = known["terms"]["OnDemand"].values()
    assert ["55.0400000000"] == [one["pricePerUnit"]["USD"] for one in term["priceDimensions"].values()]
    (unknown,) = products(listed, instanceType="p5e.48xlarge", regionCode="us-east-1")
    assert {} == unknown["terms"]
    assert [] == products(listed, instanceType="p5.48xlarge", regionCode="eu-north-1")


def test_services_and_values_of_attributes(listed: LiveServer) -> None:
    pricing = client(listed, "pricing")
    services = {one["ServiceCode"]: one["AttributeNames"] for one in pricing.describe_services()["Services"]}
    assert {"instanceType", "regionCode", "location"} < set(services["AmazonEC2"])
    answer = pricing.get_attribute_values(ServiceCode="AmazonEC2", AttributeName="regionCode", MaxResults=1)
    rest = pricing.get_attribute_values(
        ServiceCode="AmazonEC2", AttributeName="regionCode", NextToken=answer["NextToken"]
    )
    assert REGION == answer["AttributeValues"][0]["Value"]
    assert "us-east-1" in [one["Value"] for one in rest["AttributeValues"]]


def test_lists_are_files_that_can_be_taken_in_again(listed: LiveServer) -> None:
    pricing = client(listed, "pricing")
    asked = {"ServiceCode": "AmazonEC2", "CurrencyCode": "USD", "RegionCode": REGION}
    assert [] == pricing.list_price_lists(EffectiveDate=datetime(2025, 1, 1, tzinfo=UTC), **asked)["PriceLists"]
    (found,) = pricing.list_price_lists(EffectiveDate=datetime(2026, 6, 1, tzinfo=UTC), **asked)["PriceLists"]
    texts = {}
    for kind in ("csv", "json"):
        url = pricing.get_price_list_file_url(PriceListArn=found["PriceListArn"], FileFormat=kind)["Url"]
        texts[kind] = httpx.get(f"{listed.url}{httpx.URL(url).path}", timeout=60).raise_for_status().text
    document = json.loads(texts["json"])
    assert ["OSAKA1"] == list(document["products"]) == list(document["terms"]["OnDemand"])
    assert '"OSAKA1","J","OSAKA1.J.6","OnDemand"' in texts["csv"]


@pytest.mark.parametrize(
    ("call", "asked", "code"),
    [
        ("get_products", {"ServiceCode": "AmazonNothing"}, "NotFoundException"),
        ("get_products", {"ServiceCode": "AmazonEC2", "FormatVersion": "v9"}, "InvalidParameterException"),
        ("get_products", {"ServiceCode": "AmazonEC2", "NextToken": "?"}, "InvalidNextTokenException"),
        (
            "get_price_list_file_url",
            {"PriceListArn": "arn:aws:pricing:::price-list/aws/x", "FileFormat": "csv"},
            "ResourceNotFoundException",
        ),
        (
            "get_price_list_file_url",
            {"PriceListArn": "arn:aws:pricing:::price-list/aws/x", "FileFormat": "xls"},
            "InvalidParameterException",
        ),
    ],
)
def test_prices_are_refused_by_name(server: LiveServer, call: str, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(server, "pricing"), call)(**asked)
    assert code == caught.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def tagged(server: LiveServer) -> LiveServer:
    """Three volumes and a bucket of an inventory."""
    volumes = [f"arn:aws:ec2:{REGION}:123456789012:volume/vol-{at}" for at in range(3)]
    tags = [{"team": "vision", "stage": "prod"}, {"team": "nlp"}, {}]
    records = [{"arn": arn, "tags": own, "name": "v"} for arn, own in zip(volumes, tags, strict=True)]
    records.append(
        {"arn": "arn:aws:s3:::tagged-data", "account": "123456789012", "region": REGION, "tags": {"team": "nlp"}}
    )
    body = {"resources": records, "origin": "a file"}
    httpx.post(f"{server.url}/rest/v1/inventory", json=body, timeout=60).raise_for_status()
    return server


def arns(answer: dict[str, Any]) -> list[str]:
    """Names of what is of these tests: things of no region, which other tests tag, are in every region."""
    names = (one["ResourceARN"].rpartition("/")[2].rpartition(":")[2] for one in answer["ResourceTagMappingList"])
    return [name for name in names if name.startswith(("vol-", "tagged-data"))]


def test_resources_are_found_by_tags_types_and_names(tagged: LiveServer) -> None:
    tagging = client(tagged, "resourcegroupstaggingapi", REGION)
    assert ["vol-0", "vol-1", "tagged-data"] == arns(tagging.get_resources())
    filters = [{"Key": "team", "Values": ["nlp", "x"]}]
    assert ["vol-1", "tagged-data"] == arns(tagging.get_resources(TagFilters=filters))
    assert ["vol-1"] == arns(tagging.get_resources(TagFilters=filters, ResourceTypeFilters=["ec2:volume"]))
    assert ["vol-1"] == arns(tagging.get_resources(TagFilters=filters, ResourceTypeFilters=["ec2"]))
    pages = tagging.get_paginator("get_resources").paginate(ResourcesPerPage=1)
    assert ["vol-0", "vol-1", "tagged-data"] == [one for page in pages for one in arns(page)]
    assert {"stage", "team"} <= set(tagging.get_tag_keys()["TagKeys"])
    assert {"nlp", "vision"} <= set(tagging.get_tag_values(Key="team")["TagValues"])
    with pytest.raises(ClientError, match="InvalidParameterException"):
        tagging.get_resources(ResourcesPerPage=1000)


def test_tags_are_set_and_removed_here_alone(tagged: LiveServer) -> None:
    tagging = client(tagged, "resourcegroupstaggingapi", REGION)
    arn = f"arn:aws:ec2:{REGION}:123456789012:volume/vol-2"
    failed = tagging.tag_resources(ResourceARNList=[arn, arn + "0"], Tags={"team": "speech"})["FailedResourcesMap"]
    assert [arn + "0"] == list(failed)
    assert ["vol-2"] == arns(tagging.get_resources(TagFilters=[{"Key": "team", "Values": ["speech"]}]))
    assert {} == tagging.untag_resources(ResourceARNList=[arn], TagKeys=["team"])["FailedResourcesMap"]
    assert [] == arns(tagging.get_resources(ResourceARNList=[arn]))
    with pytest.raises(ClientError, match="belong to AWS"):
        tagging.tag_resources(ResourceARNList=[arn], Tags={"aws:x": "y"})


def test_compliance_and_reports(tagged: LiveServer) -> None:
    tagging = client(tagged, "resourcegroupstaggingapi", REGION)
    answer = tagging.get_resources(IncludeComplianceDetails=True)
    assert all(one["ComplianceDetails"]["ComplianceStatus"] for one in answer["ResourceTagMappingList"])
    rows = tagging.get_compliance_summary(GroupBy=["REGION", "TARGET_ID"])["SummaryList"]
    (row,) = [one for one in rows if one.get("Region") == REGION]
    assert (0, "123456789012") == (row["NonCompliantResources"], row["TargetId"])
    assert "NO REPORT" == tagging.describe_report_creation()["Status"]
    tagging.start_report_creation(S3Bucket="reports-of-tags")
    assert tagging.describe_report_creation()["Status"] in ("RUNNING", "FAILED")  # there is no S3 here
