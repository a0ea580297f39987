"""`/access` and `/settings`: who may call, and how this server is configured."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.web import respond
from trimtab.web.site import Site

_COMMANDS = """\
# an access key for boto3, the AWS CLI and the CloudWatch agent
trimtab keys create --name my-service

# a token for this page, Prometheus, OTLP and the command line
trimtab keys create --kind token --role read --name grafana"""


def routes(site: Site) -> list[BaseRoute]:
    """Both pages and their JSON."""

    async def access(request: Request) -> Response:
        keys = await site.state.keys.list()
        return site.page(request, site.view(request), "access", timed=False, keys=keys, commands=_COMMANDS)

    async def access_json(request: Request) -> Response:
        return respond.json(request, {"keys": [asdict(key) for key in await site.state.keys.list()]})

    async def settings(request: Request) -> Response:
        return site.page(request, site.view(request), "settings", timed=False, settings=site.state.settings)

    async def settings_json(request: Request) -> Response:
        return respond.json(request, {"settings": [asdict(one) for one in site.state.settings]})

    return [
        Route("/access", site.guarded(access, Role.ADMIN)),
        Route("/access.json", site.guarded(access_json, Role.ADMIN)),
        Route("/settings", site.guarded(settings)),
        Route("/settings.json", site.guarded(settings_json)),
    ]
