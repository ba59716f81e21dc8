"""Where the page's server takes the pictures of live recordings."""

from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dvs_jax.app.live import Lives
from dvs_jax.app.visitors import Visitors
from dvs_jax.errors import InputError

MOST_BYTES = 4_000_000
"""Of a picture as JPEG."""


def add_live_routes(server: Starlette, visitors: Visitors, lives: Lives) -> None:
    """Let a server answer `POST live/NAME/begin`, `…/picture?ns=TIME` and `…/end`.

    NAME is that of the visitor's folder, which nobody else knows. Whatever goes wrong is answered
    by 400 and a line of text.
    """

    async def answer(request: Request) -> Response:
        try:
            content = await _body(request)
            asked = dict(request.path_params), content, request.query_params.get("ns", "0")
            return await run_in_threadpool(_answered, visitors, lives, *asked)
        except InputError as error:
            return PlainTextResponse(str(error), 400)

    server.add_route("/live/{name}/{what}", answer, methods=["POST"])


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise InputError("the camera's pictures are too large; choose fewer pixels")
    return bytes(content)


def _answered(
    visitors: Visitors, lives: Lives, asked: dict[str, Any], content: bytes, time_ns: str
) -> Response:
    visitor = visitors.called(asked["name"])
    if visitor is None:
        raise InputError("This page is too old; load it again.")
    if asked["what"] == "begin":
        visitor.live = lives.begin(content, visitor.cleared("live") / "recording.mp4")
    elif visitor.live is None:
        raise InputError("nothing is recorded")
    elif asked["what"] == "end":
        visitor.live.end()
    elif asked["what"] == "picture" and time_ns.isdecimal():
        shown = visitor.live.push(content, int(time_ns))
        told = {"x-dropped": str(shown.dropped), **({"x-ended": "1"} if shown.ended else {})}
        if shown.jpeg is not None:
            return Response(shown.jpeg, media_type="image/jpeg", headers=told)
        return Response(status_code=204, headers=told)
    return Response(status_code=204)
