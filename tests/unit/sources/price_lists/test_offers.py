"""AWS's offer files, JSON and CSV, walked as streams; histories and spot prices."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.sources.price_lists import history, offer_json, spot
from trimtab.sources.price_lists.json_walk import JsonWalk
from trimtab.sources.price_lists.model import Wanted, kept, parts
from trimtab.sources.price_lists.offer_csv import attribute
from trimtab.sources.price_lists.place import opened, url_of

PRODUCT = {
    "sku": "ABC",
    "productFamily": "Compute Instance",
    "attributes": {
        "servicecode": "AmazonEC2",
        "instanceType": "p5.48xlarge",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "capacitystatus": "Used",
        "preInstalledSw": "NA",
        "regionCode": "us-east-1",
    },
}
WINDOWS = {**PRODUCT, "sku": "WIN", "attributes": {**PRODUCT["attributes"], "operatingSystem": "Windows"}}  # type: ignore[dict-item]


def dimension(code: str, unit: str, usd: str) -> dict[str, Any]:
    return {"rateCode": code, "unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": usd}}


OFFER = {
    "formatVersion": "v1.0",
    "offerCode": "AmazonEC2",
    "version": "20260101000000",
    "publicationDate": "2026-01-01T00:00:00Z",
    "products": {"ABC": PRODUCT, "WIN": WINDOWS},
    "terms": {
        "OnDemand": {
            "ABC": {
                "ABC.J": {
                    "effectiveDate": "2025-12-01T00:00:00Z",
                    "priceDimensions": {"ABC.J.6": dimension("ABC.J.6", "Hrs", "55.0400000000")},
                    "termAttributes": {},
                }
            },
            "WIN": {"WIN.J": {"priceDimensions": {"WIN.J.6": dimension("WIN.J.6", "Hrs", "60")}}},
        },
        "Reserved": {
            "ABC": {
                "ABC.R": {
                    "priceDimensions": {
                        "ABC.R.Q": dimension("ABC.R.Q", "Quantity", "87600"),
                        "ABC.R.H": dimension("ABC.R.H", "Hrs", "20.00"),
                    },
                    "termAttributes": {
                        "LeaseContractLength": "1yr",
                        "PurchaseOption": "Partial Upfront",
                        "OfferingClass": "standard",
                    },
                }
            }
        },
        "FlatRate": {"X": {"deep": [1, {"a": '}\\"{'}]}},
    },
}
CSV = """"FormatVersion","v1.0"
"Disclaimer","This pricing list is for informational purposes only."
"Publication Date","2026-01-01T00:00:00Z"
"Version","20260101000000"
"OfferCode","AmazonEC2"
"SKU","OfferTermCode","RateCode","TermType","PriceDescription","EffectiveDate","StartingRange","EndingRange","Unit","PricePerUnit","Currency","LeaseContractLength","PurchaseOption","OfferingClass","Product Family","serviceCode","Instance Type","Operating System","Tenancy","CapacityStatus","Pre Installed S/W","Region Code"
"ABC","J","ABC.J.6","OnDemand","$55.04 per On Demand","2025-12-01","0","Inf","Hrs","55.0400000000","USD","","","","Compute Instance","AmazonEC2","p5.48xlarge","Linux","Shared","Used","NA","us-east-1"
"ABC","R","ABC.R.Q","Reserved","Upfront Fee","","","","Quantity","87600","USD","1yr","Partial Upfront","standard","Compute Instance","AmazonEC2","p5.48xlarge","Linux","Shared","Used","NA","us-east-1"
"ABC","R","ABC.R.H","Reserved","hourly","","0","Inf","Hrs","20.00","USD","1yr","Partial Upfront","standard","Compute Instance","AmazonEC2","p5.48xlarge","Linux","Shared","Used","NA","us-east-1"
"WIN","J","WIN.J.6","OnDemand","$60","","0","Inf","Hrs","60","USD","","","","Compute Instance","AmazonEC2","p5.48xlarge","Windows","Shared","Used","NA","us-east-1"
"""  # noqa: E501 - the columns of a real file


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ),
    st.integers(1, 7),
)
def test_a_walk_reads_what_the_standard_library_reads(value: Any, chunk: int) -> None:
    text = json.dumps({"first": value, "second": {"deep": value}, "skipped": value, "last": 7})
    source = io.StringIO(text)
    walk = JsonWalk(lambda size: source.read(chunk))
    found: dict[str, Any] = {}
    for key in walk.members():
        if key == "skipped":
            walk.skip()
        elif key == "second":
            found[key] = {name: walk.value() for name in walk.members()}
        else:
            found[key] = walk.value()
    assert {"first": value, "second": {"deep": value}, "last": 7} == found


@pytest.mark.parametrize("name", ["index.json", "index.json.gz", "index.csv", "index.csv.gz"])
def test_both_kinds_of_file_say_the_same(tmp_path: Path, name: str) -> None:
    raw = (json.dumps(OFFER, indent=2) if ".json" in name else CSV).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    with opened(str(path), "us-east-1") as offer:
        ((products, prices),) = parts(kept(offer.rows, Wanted()), 100)
    assert ("AmazonEC2", "us-east-1", "20260101000000", 1767225600000) == (
        offer.key.service,
        offer.key.region,
        offer.key.version,
        offer.key.published_ms,
    )
    assert [("ABC", PRODUCT["attributes"])] == [(one.sku, one.attributes) for one in products]
    told = {(one.rate_code, one.term, one.unit, one.amount, one.terms.get("PurchaseOption")) for one in prices}
    assert {
        ("ABC.J.6", "OnDemand", "Hrs", "55.0400000000", None),
        ("ABC.R.Q", "Reserved", "Quantity", "87600", "Partial Upfront"),
        ("ABC.R.H", "Reserved", "Hrs", "20.00", "Partial Upfront"),
    } == told
    assert 1764547200000 == next(one.effective_ms for one in prices if one.term == "OnDemand")


def test_windows_and_reservations_are_kept_where_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text(CSV)
    with opened(str(path), "us-east-1") as offer:
        wanted = Wanted(systems=("Linux", "Windows"), reserved=False)
        ((products, prices),) = parts(kept(offer.rows, wanted), 100)
    assert [["ABC", "WIN"], ["ABC.J.6", "WIN.J.6"]] == [
        [one.sku for one in products],
        [one.rate_code for one in prices],
    ]


def test_what_is_no_offer_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InvalidInput, match="no line begins with SKU"), opened(str(tmp_path / "a.csv"), "r"):
        pass
    with pytest.raises(InvalidInput, match="it has no products"):
        offer_json.read(io.StringIO('{"a": 1}').read, "r", "a.json")
    with pytest.raises(InvalidInput, match="ends too soon"):
        list(offer_json.read(io.StringIO('{"offerCode": "X", "products": {').read, "r", "a.json").rows)


def test_columns_are_attributes_as_the_api_spells_them() -> None:
    columns = (
        "Instance Type",
        "Operating System",
        "usageType",
        "CapacityStatus",
        "Pre Installed S/W",
        "vCPU",
        "Memory",
    )
    assert [
        *("instanceType", "operatingSystem", "usagetype", "capacitystatus", "preInstalledSw", "vcpu", "memory")
    ] == [attribute(one) for one in columns]


def test_a_history_is_stretches_of_one_price() -> None:
    day = 86_400_000
    lines = [("1970-01-02", "a", "1"), ("1970-01-03", "a", "1"), ("1970-01-04", "a", "2")]
    lines += [("1970-01-02", "gone", "5"), ("1970-01-05", "a", "2"), ("1970-01-04", "b", "3"), ("1970-01-05", "b", "3")]
    cells = [(at, dict(zip(("date", "type", "price"), one, strict=True))) for at, one in enumerate(lines, 2)]
    found = history.stretches(history.snapshots(cells, "eu-west-1", "x.csv"))
    told = [(one.type, one.per_hour, one.from_ms // day, one.to_ms and one.to_ms // day) for one in found]
    assert [("a", "1", 1, 3), ("a", "2", 3, None), ("b", "3", 3, None), ("gone", "5", 1, 2)] == told
    with pytest.raises(InvalidInput, match=r"cannot read x.csv, line 9"):
        history.snapshots([(9, {"date": "1970-01-02", "type": "a", "price": "much"})], "r", "x.csv")


def test_spot_prices_as_the_cli_prints_them(tmp_path: Path) -> None:
    item = {
        "AvailabilityZone": "us-east-1a",
        "InstanceType": "g5.xlarge",
        "ProductDescription": "Linux/UNIX",
        "SpotPrice": "0.4021",
        "Timestamp": "2026-01-01T00:00:00+00:00",
    }
    (tmp_path / "a.json").write_text(json.dumps({"SpotPriceHistory": [item]}))
    (tmp_path / "a.csv").write_text(",".join(item) + "\n" + ",".join(item.values()) + "\n")
    (one,) = spot.read(tmp_path / "a.json")
    assert [one] == spot.read(tmp_path / "a.csv")
    assert ("g5.xlarge", "us-east-1a", "0.4021", 1767225600000) == (one.type, one.zone, one.per_hour, one.at_ms)


def test_lists_are_where_aws_publishes_them() -> None:
    site = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
    assert f"{site}/AmazonEC2/current/eu-west-1/index.csv" == url_of("AmazonEC2", "eu-west-1")
