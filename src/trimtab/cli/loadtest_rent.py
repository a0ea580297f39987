"""`trimtab loadtest rent` and `clean`: SageMaker endpoints made for a test, under a cost cap, and deleted after it."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
import uvloop

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.load_report import About, show, test_of
from trimtab.cli.output import json_option, print_json, remark
from trimtab.client import load_tests_wire as wire
from trimtab.client.load_tests import LoadTests
from trimtab.cloud.sagemaker_endpoints import SageMakerEndpoints
from trimtab.cloud.signing import endpoint_url, signer
from trimtab.inference.drive import Driver
from trimtab.inference.load.target import Payload, Target
from trimtab.inference.objective import Objective
from trimtab.inference.recommend.bayes import Choice, Chooser
from trimtab.inference.recommend.listed import features, listed_price
from trimtab.inference.recommend.rented import Budget, Journal, Renter
from trimtab.inference.search import Plan
from trimtab.settings import load

_TAKES_S = 600.0  # that an endpoint usually takes to come into service and to go: it is paid too


@click.command("rent")
@click.argument("model")
@click.option("--types", required=True, help="Machine types to try, such as ml.m5.large,ml.g5.xlarge.")
@click.option("--cost-cap", required=True, help="Dollars that may be spent in all; the test ends before.")
@click.option("--slo-ms", type=click.FloatRange(min=0, min_open=True), default=100.0, show_default=True)
@click.option("--slo-share", type=click.FloatRange(0.5, 1, max_open=True), default=0.99, show_default=True)
@click.option("--seconds", type=click.FloatRange(5, 3600), default=120.0, show_default=True, help="At most for each.")
@click.option("--body", default="{}", show_default=True)
@click.option("--content-type", default="application/json", show_default=True)
@click.option("--region", default="us-east-1", show_default=True)
@click.option("--aws-endpoint", default="", help="Another SageMaker: an emulator's URL.")
@click.option("--record", is_flag=True, help="Keep the results in the server.")
@json_option
@server_options
def rent(connection: Connection, model: str, record: bool, as_json: bool, **given: Any) -> None:
    """Make a SageMaker endpoint of MODEL on each type, find its capacity, and delete it: under a cost cap.

    Example: trimtab loadtest rent my-model --types ml.m5.large,ml.c5.xlarge --cost-cap 2 --slo-ms 50
    """
    renter = _renter(given["cost_cap"], given["region"], given["aws_endpoint"])
    tests = uvloop.run(_tested(renter, model, [one.strip() for one in given["types"].split(",")], given))
    remark(f"{renter.budget.spent:.4f} of {renter.budget.cap:f} was spent on endpoints; none is left")
    if as_json:
        print_json(tests)
    for test in tests:
        if not as_json:
            click.echo(f"{test.instance_type}, in service after {test.setup_s:.0f} s")
            show(test)
        if record:
            with connection.client() as client:
                remark(f"recorded as {LoadTests(client).record(test).id}")


@click.command("clean")
@click.option("--region", default="us-east-1", show_default=True)
@click.option("--aws-endpoint", default="", help="Another SageMaker: an emulator's URL.")
def clean(region: str, aws_endpoint: str) -> None:
    """Delete the rented endpoints that an earlier test could not delete."""
    deleted = uvloop.run(_renter("0", region, aws_endpoint).clean())
    click.echo("\n".join(f"deleted {name}" for name in deleted) or "nothing was left behind")


def _renter(cap: str, region: str, aws_endpoint: str) -> Renter:
    try:
        budget = Budget(Decimal(cap))
    except InvalidOperation:
        raise InvalidInput(f"cannot cap costs at {cap!r}: expected dollars, such as 2.50") from None
    folder: Path = load().data_dir
    return Renter(SageMakerEndpoints(region, aws_endpoint), Journal(folder / "rented-endpoints.json"), budget)


async def _tested(renter: Renter, model: str, types: list[str], given: dict[str, Any]) -> list[wire.LoadTest]:
    """The tests of the types, what may be the cheapest first; a type that fails is told and passed over."""
    for name in await renter.clean():
        remark(f"deleted {name}, which an earlier test left behind")
    prices = {one: listed_price(one, given["region"]) for one in types}
    chooser = Chooser([Choice(one, features(one)) for one in types])
    tests = []
    while (choice := chooser.next()) is not None:
        cost = float("inf")
        try:
            test = await _one(renter, model, choice.name, prices[choice.name], given)
            tests.append(test)
            if test.capacity is not None:
                cost = float(prices[choice.name]) / test.capacity.value
        except (InvalidInput, Unavailable) as problem:
            if renter.journal.names():
                raise  # something costs money still: nothing more is rented
            remark(f"{choice.name}: {problem}")
        chooser.tell(choice.name, cost)
    return tests


async def _one(renter: Renter, model: str, type_: str, per_hour: Decimal, given: dict[str, Any]) -> wire.LoadTest:
    objective, started = Objective(given["slo_ms"], given["slo_share"]), SystemClock().now_ms()
    needed = given["seconds"] + (0.0 if given["aws_endpoint"] else _TAKES_S)
    async with renter.rented(model, type_, per_hour, needed) as rented:
        url = endpoint_url(rented.name, given["region"], given["aws_endpoint"])
        headers = {"Content-Type": given["content_type"]}
        sign = signer(url, "sagemaker", given["region"])
        target = Target(url, "sagemaker", headers=headers, payload=Payload(given["body"].encode()), sign=sign)
        plan = Plan(objective, most_s=given["seconds"], least_s=min(2.0, given["seconds"] / 8))
        result = await Driver(target).capacity(plan)
    about = About(model, url, "sagemaker", "capacity", started, "", type_, setup_s=round(rented.setup_s, 3))
    return test_of(about, objective, result)
