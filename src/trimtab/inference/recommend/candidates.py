"""What a recommendation job compares: machine types, measured where the model listens or known from a recorded test.

trimtab rents no machines. A type is measured at the URL that the model has for it; else a load test counts that was
recorded for the model (its name or its endpoint's) on that type, the newest one.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.inference.result import LoadTest
from trimtab.inference.traffic import Phase, Stop, Traffic
from trimtab.inventory.served.model import Served, body_of, url_of

MOST = 10
_DEFAULT_STAIRS = Traffic.stairs(60, 8, 3)
_DEFAULT_S = 2700  # a default job takes at most 45 minutes
SHORTEST_S = 120  # of a phase or a step, as the service has it


class Candidate(Struct, frozen=True):
    """One of them. `url` is empty where `recorded` says what is known, or nobody knows anything (`problem`)."""

    instance_type: str
    url: str = ""
    endpoint: str = ""
    variant: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    recorded: LoadTest | None = None
    problem: str = ""
    body: str = "{}"


class Known(Struct, frozen=True):
    """What candidates are found in: the model that a job names, or the endpoint with its configuration and models."""

    model: Served | None = None
    endpoint: Served | None = None
    config: Served | None = None
    models: Mapping[str, Served] = field(default_factory=dict)
    tests: Sequence[LoadTest] = ()


def candidates(form: Mapping[str, Any], known: Known) -> list[Candidate]:
    """The candidates of a job's form. Raises InvalidInput where there is none."""
    asked = form["InputConfig"]
    if known.endpoint is not None and known.config is not None:
        found = [_of_variant(known, one) for one in known.config.form["ProductionVariants"]]
    elif known.model is not None:
        wanted = asked.get("EndpointConfigurations") or [{"InstanceType": one} for one in _types(known)]
        found = [one for configuration in wanted for one in _of_configuration(known, configuration)]
    else:
        raise InvalidInput("InputConfig must name a model, a model package or an endpoint")
    if not found:
        raise InvalidInput("InputConfig must name an instance type: EndpointConfigurations, or a recorded load test")
    return found[:MOST]


def _types(known: Known) -> list[str]:
    """The types that a default job takes: those on which the model was tested."""
    return sorted({one.instance_type for one in _tests_of(known.tests, _name(known)) if one.instance_type})


def _of_variant(known: Known, variant: Mapping[str, Any]) -> Candidate:
    model = known.models.get(str(variant.get("ModelName")))
    type_ = str(variant.get("InstanceType", ""))
    url = url_of(model.form, type_) if model else ""
    body = body_of(model.form) if model else "{}"
    endpoint = known.endpoint.name if known.endpoint else ""
    return _either(known, Candidate(type_, url, endpoint, str(variant["VariantName"]), body=body), endpoint)


def _of_configuration(known: Known, configuration: Mapping[str, Any]) -> Iterable[Candidate]:
    type_ = str(configuration.get("InstanceType", ""))
    ranges = (configuration.get("EnvironmentParameterRanges") or {}).get("CategoricalParameterRanges") or ()
    form = known.model.form if known.model else {}
    for values in itertools.product(*(one["Value"] for one in ranges)):
        environment = {one["Name"]: value for one, value in zip(ranges, values, strict=True)}
        # One URL serves one environment: what is varied must have been measured, by whoever varied it.
        url = url_of(form, type_) if not environment else ""
        yield _either(known, Candidate(type_, url, environment=environment, body=body_of(form)), _name(known))


def _either(known: Known, one: Candidate, name: str) -> Candidate:
    if one.url:
        return one
    for test in _tests_of(known.tests, name):
        if test.instance_type == one.instance_type and dict(test.parameters) == dict(one.environment):
            return Candidate(one.instance_type, "", one.endpoint, one.variant, one.environment, test)
    what = one.instance_type + "".join(f" {key}={value}" for key, value in one.environment.items())
    problem = (
        f"nobody measured {what}: give the model's container TRIMTAB_URL where it listens, or record "
        f"`trimtab loadtest run … --name {name} --instance-type {one.instance_type} --record` there"
    )
    return Candidate(one.instance_type, "", one.endpoint, one.variant, one.environment, None, problem)


def _tests_of(tests: Sequence[LoadTest], name: str) -> list[LoadTest]:
    return [one for one in tests if name and name in (one.name, one.endpoint)]


def _name(known: Known) -> str:
    return known.model.name if known.model else ""


def traffic_of(form: Mapping[str, Any]) -> Traffic:
    """The traffic of a job. Raises InvalidInput for a phase or step that is too short or a job that is too long."""
    asked = form["InputConfig"]
    pattern = asked.get("TrafficPattern") or {}
    kind = pattern.get("TrafficType", "PHASES" if pattern.get("Phases") else "STAIRS" if pattern.get("Stairs") else "")
    if not kind:
        return _DEFAULT_STAIRS
    if kind == "PHASES":
        phases = [
            Phase(one.get("InitialNumberOfUsers", 1), one.get("SpawnRate", 0), one.get("DurationInSeconds", SHORTEST_S))
            for one in pattern.get("Phases") or ()
        ]
        traffic = Traffic(tuple(phases))
    else:
        stairs = pattern.get("Stairs") or {}
        steps = stairs.get("NumberOfSteps", 1)
        traffic = Traffic.stairs(stairs.get("DurationInSeconds", SHORTEST_S), steps, stairs.get("UsersPerStep", 1))
    short = min((one.seconds for one in traffic.phases), default=0)
    if short < SHORTEST_S:
        raise InvalidInput(f"DurationInSeconds must be {SHORTEST_S} or more, got {short:g}")
    most = asked.get("JobDurationInSeconds") or (_DEFAULT_S if form["JobType"] == "Default" else 18_000)
    if traffic.seconds > most:
        raise InvalidInput(f"the traffic takes {traffic.seconds:g} s, longer than the job's {most} s")
    return traffic


def stop_of(form: Mapping[str, Any]) -> Stop:
    """The stopping conditions of a job. Raises InvalidInput."""
    asked = form.get("StoppingConditions") or {}
    most = asked.get("MaxInvocations") or 0
    if not 0 <= most <= 30_000:
        raise InvalidInput(f"MaxInvocations must be 1 to 30000 a minute, got {most}")
    limits = asked.get("ModelLatencyThresholds") or [{}]
    limit = float(limits[0].get("ValueInMilliseconds") or 0)
    return Stop(most, limits[0].get("Percentile", "P95"), limit, asked.get("FlatInvocations", "Stop") == "Stop")
