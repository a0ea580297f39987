"""`POST /v1/metrics`, `/v1/logs`, `/v1/traces`: OTLP over HTTP, protobuf or JSON, gzip or zstd. 200 means durable.

Source: opentelemetry.io, "OTLP Specification", OTLP/HTTP. A repeated `Idempotency-Key` is stored once.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Role
from trimtab.base.errors import TrimtabError
from trimtab.doors.otlp import logs, traces
from trimtab.doors.otlp.answer import Encoding, failure, success
from trimtab.doors.otlp.body import compressed, encoding_of
from trimtab.doors.otlp.intake import DOOR, PATH, Intake
from trimtab.doors.otlp.outcome import Takes
from trimtab.doors.roles import DoorRoute
from trimtab.doors.writing import idempotency_key, summary


def routes(metrics: Intake, log_records: Takes, spans: Takes) -> list[BaseRoute]:
    """The routes of OTLP metrics, logs and traces."""
    return [
        _route(PATH, metrics, metrics, "rejectedDataPoints"),
        _route(logs.PATH, metrics, log_records, "rejectedLogRecords"),
        _route(traces.PATH, metrics, spans, "rejectedSpans"),
    ]


def _route(path: str, metrics: Intake, intake: Takes, rejected: str) -> BaseRoute:
    async def export(request: Request) -> Response:
        encoding, account = Encoding.JSON, metrics.writing.account_of(request)
        try:
            encoding = encoding_of(request)
            zipped, key = compressed(request), idempotency_key(request, DOOR)
            result = await intake.take(await request.body(), encoding, zipped, account, key)
        except TrimtabError as error:
            intake.complain(error, request.headers.get("user-agent", ""), account)
            return failure(encoding, error)
        return success(encoding, result.points_refused, summary([refused for _, refused in result.refused]), rejected)

    return DoorRoute(path, export, Role.WRITE, methods=["POST"])
