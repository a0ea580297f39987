"""Fields of a form that a page sends."""

from urllib.parse import parse_qs

from starlette.requests import Request

from trimtab.base.errors import InvalidInput


async def read_form(request: Request, limit: int) -> dict[str, str]:
    """The last value of each field. Raises InvalidInput for more than `limit` bytes, or for another kind of body."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise InvalidInput("cannot read the form: expected application/x-www-form-urlencoded")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise InvalidInput(f"cannot read the form: it has more than {limit} bytes")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100)
    return {name: values[-1] for name, values in fields.items()}
