"""What is seen of one request: by the client in the answer, and by the backends that were asked for it."""

import re
import ssl
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from tests.compare_nginx.scene import Ask
from tests.support.coded import decoded
from tests.support.origin import Answer, Origin, Request
from tests.support.raw_client import BrokenAnswerError, RawClient, Response

Sight = dict[str, str]
"""Aspects by name. One that is not there is absent: a header that is not sent, a backend that is not asked."""

_PAGE: Final = {"content-type", "content-length", "transfer-encoding", "x-request-id"}
"""Of a page that a proxy writes itself; ours have the number of the request, so that users can tell it."""
_UNSEEN: Final = {"date", "server", "x-backend"}
_ID: Final = re.compile("[0-9a-f]{32}")
_MARK: Final = "X-Backend"  # what has none is an answer of the proxy itself


class Place(NamedTuple):
    http: tuple[str, int]
    https: tuple[str, int]


def script(name: str, request: Request) -> Answer:
    """A backend does what the request tells it. `Do-Header` may be there several times; `Do-Body` is a length."""
    status = int(request.header("do-status") or "200")
    told = [value.partition(": ") for key, value in request.headers if key.lower() == "do-header"]
    headers = ((_MARK, name), *((key, value) for key, _, value in told))
    if request.header("do-break"):
        return Answer(reset=True)
    bare = request.method == "HEAD" or status in {204, 304}
    length = int(request.header("do-body") or len(name))
    if request.method == "HEAD" and request.header("do-body"):
        lines = "".join(f"{key}: {value}\r\n" for key, value in (*headers, ("Content-Length", str(length))))
        return Answer(raw=f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode("latin-1"))
    body = () if bare else ((name * length)[:length].encode(),)
    return Answer(status, headers, body, chunked=bool(request.header("do-chunk")))


def differing(own: Sight, others: Sight) -> dict[str, tuple[str, str]]:
    """By aspect, the value here and with nginx. Two statuses, or two backends, are one difference, not twenty."""
    decided = ("status", "backends", "answer's location")
    apart = any(own.get(one) != others.get(one) for one in decided[:2])
    return {
        aspect: (own.get(aspect, ""), others.get(aspect, ""))
        for aspect in (decided if apart else sorted({*own, *others}))
        if own.get(aspect, "") != others.get(aspect, "")
    }


def look(place: Place, ask: Ask, host: str, origins: Mapping[str, Origin], tls: ssl.SSLContext) -> Sight:
    before = {name: len(origin.requests) for name, origin in origins.items()}
    answers = [_send(place, ask, host, tls) for _ in range(ask.times)]
    asked = {name: origin.requests[before[name] :] for name, origin in origins.items()}
    if ask.times > 1:
        return {"statuses": " ".join(str(one.status if one else 0) for one in answers)}
    seen = _of_answer(answers[0], place)
    every = [(name, one) for name, requests in asked.items() for one in requests]
    # How often one is asked depends on whether its connection was a kept one; which ones are asked does not.
    seen["backends"] = " ".join(name.partition("-")[0] for name in origins if asked[name])
    if every:
        seen |= _of_request(every[-1][1], place)
    return seen


def _send(place: Place, ask: Ask, host: str, tls: ssl.SSLContext) -> Response | None:
    given = host if ask.host is None else ask.host
    with (
        RawClient(place.https, tls=tls, server_name=given.partition(":")[0] or None)
        if ask.tls
        else RawClient(place.http)
    ) as client:
        try:
            client.send(ask.head(host) + ask.body)
            return client.response(to_head=ask.line.startswith("HEAD "))
        except (BrokenAnswerError, ConnectionError):
            return None


def _of_answer(answer: Response | None, place: Place) -> Sight:
    if answer is None:
        return {"status": "none"}
    own = answer.header(_MARK) is None
    skipped = _UNSEEN | (_PAGE if own else set())
    headers = [
        (name, _neutral(value, place))
        for name, value in answer.headers
        if name.lower() not in skipped and (name.lower(), value.lower()) != ("connection", "keep-alive")
    ]
    body = "own page" if own and answer.body else _decoded(answer.body).decode("latin-1")
    return {"status": str(answer.status), "body": body, **_joined("answer's", headers)}


def _decoded(body: bytes) -> bytes:
    """What gzip makes of it is an encoder's own affair. That it is gzip is a header's."""
    return decoded("gzip", body) if body.startswith(b"\x1f\x8b") else body


def _of_request(request: Request, place: Place) -> Sight:
    headers = [(name, _neutral(value, place)) for name, value in request.headers if not name.lower().startswith("do-")]
    return {
        "method": request.method,
        "target": request.target,
        "body sent": request.body.decode("latin-1")[:80],
        **_joined("request's", headers),
    }


def _joined(whose: str, headers: Iterable[tuple[str, str]]) -> Sight:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(f"{whose} {name.lower()}", []).append(value)
    return {name: " | ".join(values) for name, values in found.items()}


def _neutral(value: str, place: Place) -> str:
    """Without what differs for no reason: the port that each listens on, and the number that it gives to a request."""
    if _ID.fullmatch(value):
        return "(an id)"
    return re.sub(rf"\b{place.http[1]}\b", "(port)", re.sub(rf"\b{place.https[1]}\b", "(tls port)", value))
