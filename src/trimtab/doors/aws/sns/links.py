"""The link of a confirmation message: whoever has its token may confirm, as with SNS, without credentials."""

from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.notify.subscribing import CONFIRM_PATH, Subscribing

_XMLNS = "http://sns.amazonaws.com/doc/2010-03-31/"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(subscribing: Subscribing) -> list[BaseRoute]:
    """The route of the link."""

    async def confirm(request: Request) -> Response:
        query = request.query_params
        try:
            found = await subscribing.confirm(query.get("TopicArn", ""), query.get("Token", ""))
        except InvalidInput:
            fault = "<Type>Sender</Type><Code>InvalidParameter</Code><Message>Invalid parameter: Token</Message>"
            return _xml(f'<ErrorResponse xmlns="{_XMLNS}"><Error>{fault}</Error></ErrorResponse>', 400)
        arn = f"<SubscriptionArn>{escape(found.arn)}</SubscriptionArn>"
        result = f"<ConfirmSubscriptionResult>{arn}</ConfirmSubscriptionResult>"
        metadata = f"<ResponseMetadata><RequestId>{new_id()}</RequestId></ResponseMetadata>"
        return _xml(
            f'<ConfirmSubscriptionResponse xmlns="{_XMLNS}">{result}{metadata}</ConfirmSubscriptionResponse>', 200
        )

    return [Route(CONFIRM_PATH, confirm)]


def _xml(text: str, status: int) -> Response:
    return Response(text, status, _HEADERS, "text/xml")
