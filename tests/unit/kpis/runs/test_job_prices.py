"""The price of GPUs that are asked for: by what a file names, else by the machines that there are."""

from decimal import Decimal
from typing import Any

from trimtab.inventory.catalog.book import load
from trimtab.inventory.catalog.model import PriceBasis, Rate, RateKind, RateUnit
from trimtab.inventory.catalog.pricing import Pricing
from trimtab.inventory.runs.model import Condition, Node
from trimtab.kpis.runs.job_prices import price_of

NOW = 1_764_000_000_000


def rate(subject: str, amount: str) -> Rate:
    return Rate(RateKind.PRICE, subject, RateUnit.GPU_HOUR, Decimal(amount), "USD", 0)


def node(name: str, gpus: float = 8.0, cluster: str = "atlas", **more: Any) -> Node:
    known: dict[str, Any] = {"gpu_type": "NVIDIA H100 80GB HBM3", **more}
    return Node("1", cluster, name, known.pop("condition", Condition.UP), gpus=gpus, **known)


def priced(rates: list[Rate], nodes: list[Node], gpu_type: str = "", instance: str = "", cluster: str = "") -> Any:
    return price_of(Pricing(load(), rates), nodes, gpu_type, instance, "", cluster, NOW)


def test_an_own_rate_of_what_the_file_names_comes_first() -> None:
    found = priced([rate("gpu:h100", "2.5")], [node("a", instance_type="p5.48xlarge")], "h100")
    assert (Decimal("2.5"), PriceBasis.RATE_CARD) == (found.per_gpu_hour, found.basis)


def test_an_instance_type_has_its_list_price() -> None:
    assert PriceBasis.CATALOGUE is priced([], [], instance="p5.48xlarge").basis


def test_without_a_rate_the_machines_say_which_gpus_they_would_be() -> None:
    nodes = [node("a", instance_type="p5.48xlarge"), node("b", gpu_type="NVIDIA A10G", instance_type="g5.48xlarge")]
    of_file, of_machine = priced([], nodes, "h100"), priced([], [], instance="p5.48xlarge")
    assert of_machine.per_gpu_hour == of_file.per_gpu_hour
    assert "p5.48xlarge, of which 8 GPUs fit" in of_file.note


def test_of_several_kinds_the_one_with_the_most_gpus_counts() -> None:
    nodes = [node("a", gpu_type="L4"), node("b", gpu_type="A100"), node("c", gpu_type="A100")]
    assert Decimal(3) == priced([rate("gpu:l4", "1"), rate("gpu:a100", "3")], nodes).per_gpu_hour


def test_only_machines_that_fit_count() -> None:
    rates = [rate("gpu:a100", "3")]
    assert priced(rates, [node("a", gpu_type="A100", cluster="other")], cluster="atlas").per_gpu_hour is None
    assert priced(rates, [node("a", gpu_type="A100", condition=Condition.POWERED_DOWN)]).per_gpu_hour is None
    assert priced(rates, [node("a", gpu_type="A100")], "h100").per_gpu_hour is None
    assert priced(rates, [node("a", gpus=0, gpu_type="A100")]).per_gpu_hour is None


def test_what_has_no_price_says_why() -> None:
    assert "names no GPU" in priced([], []).note
    assert "set-rate gpu:h100" in priced([], [], "h100").note
