"""What a person asks about, a URL and some headers, as a question for the data plane."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.survey.question import Question

URL_BYTES: Final = 8_192  # as long as a request line may be
HEADERS: Final = 100  # as many as a request may have
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
PORTS: Final = {"http": 80, "https": 443}


class RequestError(ValueError):
    """What of the request cannot be asked, and what to write instead."""


class Request(Struct, frozen=True, kw_only=True):
    """`url` is absolute; `headers` are names and values in order; `body_bytes` is the declared length of a body, None
    for none. `sni` None is the host of the URL.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    client: str = "192.0.2.1"
    sni: str | None = None
    body_bytes: int | None = None


def question(request: Request) -> Question:
    """Raises RequestError."""
    if len(request.url) > URL_BYTES:
        raise RequestError(f"the URL is longer than {URL_BYTES} characters; shorten it")
    try:
        parts = urlsplit(request.url)
        port = parts.port
    except ValueError as error:
        raise RequestError(f"URL {request.url!r}: {error}; write it as https://HOST/PATH") from error
    if any(letter.isspace() for letter in request.url):
        raise RequestError(f"URL {request.url!r} has spaces in it; write %20")
    if parts.scheme not in PORTS or not parts.hostname:
        raise RequestError(f"URL {request.url!r} names no scheme and host; write it as https://HOST/PATH")
    try:
        peer = str(ip_address(request.client))
    except ValueError:
        raise RequestError(f"client address {request.client!r} is no IP address; write one such as 192.0.2.1") from None
    if not _TOKEN.fullmatch(request.method):
        raise RequestError(f"{request.method!r} is no method; write one such as GET")
    tls = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    given = _headers(request.headers)
    lines = [f"{request.method} {target} HTTP/1.1"]
    if not any(name.lower() == "host" for name, _ in given):
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in given]
    if request.body_bytes is not None:
        lines.append(f"Content-Length: {request.body_bytes}")
    if any(_BREAKS.search(line) for line in lines):
        raise RequestError("the request has control characters; percent-encode them")
    head = "\r\n".join(lines) + "\r\n\r\n"
    if not head.isascii():
        raise RequestError("the request has characters beyond ASCII; percent-encode those of the URL")
    # As ingress-nginx reports it, whatever the port of a TLS listener is.
    told = 443 if tls else port or PORTS[parts.scheme]
    sni = parts.hostname if request.sni is None else request.sni.lower()
    return Question(listener=parts.scheme, tls=tls, peer=peer, port=told, sni=sni if tls else "", head=head)


def header(text: str) -> tuple[str, str]:
    """`Name: value`. Raises RequestError."""
    name, colon, value = text.partition(":")
    if not colon or not _TOKEN.fullmatch(name):
        raise RequestError(f"header {text!r}: write it as 'Name: value'")
    return name, value.strip()


def _headers(found: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    if len(found) > HEADERS:
        raise RequestError(f"{len(found)} headers are more than {HEADERS}; leave some out")
    return found
