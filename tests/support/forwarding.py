"""What an upstream must be sent for a request, worked out anew from the rules: the second opinion on forwarding.

From a strict reading of the client's bytes. Knows the gateway's defaults, and none of its code.
"""

import re
from typing import Final

from tests.support.strict_http import TOKEN, Request

Lines = list[tuple[bytes, bytes]]

HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive proxy-connection proxy te trailer transfer-encoding upgrade http2-settings".split()
)
OURS: Final = frozenset(
    b"host content-length expect forwarded x-scheme x-real-ip x-request-id x-original-uri x-original-url"
    b" x-original-method x-original-forwarded-for x-original-forwarded-host".split()
)
"""Written by the gateway itself, or by nobody; so are `FAMILIES`."""
FAMILIES: Final = (b"x-forwarded-", b"ssl-client-")
NEVER_NOMINATED: Final = frozenset({b"authorization", b"cookie", b"set-cookie", b"strict-transport-security"})
RENAMED: Final = {
    b"x-forwarded-for": b"X-Original-Forwarded-For",
    b"x-forwarded-host": b"X-Original-Forwarded-Host",
}
TRAILERS: Final = frozenset(
    b"grpc-status grpc-message grpc-status-details-bin server-timing content-digest repr-digest digest".split()
)
PROTOCOL: Final = re.compile(rb"(%s)(?:/%s)?" % (TOKEN, TOKEN))
NORMAL_PATH: Final = re.compile(rb"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)+")
UNRESERVED: Final = re.compile(rb"%(?:2D|2E|5F|7E|3[0-9]|[46][1-9A-F]|[57][0-9A])")
FRESH_ID: Final = re.compile(rb"[0-9a-f]{32}")


def options(request: Request) -> set[bytes]:
    every = b",".join(request.values(b"connection")).split(b",")
    return {option.strip(b" \t").lower() for option in every} - {b""}


def authority(request: Request) -> bytes:
    hosts = request.values(b"host")
    absolute = re.match(rb"(?i)https?://([^/?]*)", request.target)
    return hosts[0] if hosts else absolute[1] if absolute else b""


def upgrade(request: Request) -> bytes | None:
    """The protocol that is passed on: one, well written, and no other way to speak HTTP or TLS."""
    tokens = request.values(b"upgrade")
    if request.minor == 0 or b"upgrade" not in options(request) or len(tokens) != 1:
        return None
    found = PROTOCOL.fullmatch(tokens[0])
    return tokens[0] if found and found[1].lower() not in {b"h2c", b"h2", b"http", b"tls"} else None


def trailers(request: Request) -> Lines:
    """Those that go on behind the body."""
    return [(name, value) for name, value in request.trailers if name.lower() in TRAILERS]


def announced_trailers(request: Request) -> list[bytes]:
    names = b",".join(request.values(b"trailer")).split(b",")
    return [name.strip(b" \t") for name in names if name.strip(b" \t").lower() in TRAILERS][: len(TRAILERS)]


def takes_trailers(request: Request) -> bool:
    codings = b",".join(request.values(b"te")).split(b",")
    return b"trailers" in {coding.strip(b" \t").lower() for coding in codings}


def passed_on(request: Request) -> Lines:
    """The client's own fields, as far as they are passed on, in their order."""
    nominated = options(request)
    lines: Lines = []
    for name, value in request.fields:
        lower = name.lower()
        if lower in RENAMED:
            lines += [(RENAMED[lower], value)] if value else []
            continue
        dropped = lower in HOP_BY_HOP or lower in OURS or lower.startswith(FAMILIES) or b"_" in lower
        if not dropped and (lower not in nominated or lower in NEVER_NOMINATED):
            lines.append((name, value))
    return lines


def expected(request: Request, *, port: int, buffered: bool) -> Lines:
    """Every field line of the head, in order. An empty X-Request-ID stands for a fresh one.

    With `buffered` bodies are taken in whole first, so that the length of each is known.
    """
    peer, scheme = b"127.0.0.1", b"http"
    host = authority(request)
    lines: Lines = [
        (b"Host", host),
        (b"X-Request-ID", next(iter(request.values(b"x-request-id")), b"")),
        (b"X-Real-IP", peer),
        (b"X-Forwarded-For", peer),
        *([(b"X-Forwarded-Host", host)] if host else []),
        (b"X-Forwarded-Port", b"%d" % port),
        (b"X-Forwarded-Proto", scheme),
        (b"X-Forwarded-Scheme", scheme),
        (b"X-Scheme", scheme),
        *passed_on(request),
    ]
    token = upgrade(request)
    if token is not None:
        lines += [(b"Connection", b"upgrade"), (b"Upgrade", token)]
    elif request.minor == 1 and takes_trailers(request):
        lines += [(b"Connection", b"TE"), (b"TE", b"trailers")]
    chunked = bool(request.values(b"transfer-encoding"))
    if chunked and (trailers(request) or not buffered):
        lines.append((b"Transfer-Encoding", b"chunked"))
        announced = [] if buffered else announced_trailers(request)
        lines += [(b"Trailer", b", ".join(announced))] if announced else []
    elif chunked or request.values(b"content-length"):
        lines.append((b"Content-Length", b"%d" % len(request.body)))
    return lines


def differences(sent: Request, received: Request, *, port: int, buffered: bool) -> list[str]:
    """How what was received differs from what had to be sent on. `sent` is the client's request."""
    wrong = [] if received.method == sent.method else [f"method {received.method!r}"]
    wrong += [] if received.minor == 1 else ["version"]
    wrong += [] if received.body == sent.body else [f"body {received.body!r}"]
    wrong += [] if list(received.trailers) == trailers(sent) else [f"trailers {received.trailers!r}"]
    path, _, query = received.target.partition(b"?")
    if not NORMAL_PATH.fullmatch(path) or UNRESERVED.search(path):
        wrong.append(f"a path that is not in normal form: {path!r}")
    if {segment.partition(b";")[0] for segment in path.split(b"/")} & {b".", b".."}:
        wrong.append(f"a dot segment: {path!r}")
    if query != sent.target.partition(b"?")[2] or (b"?" in received.target) != (b"?" in sent.target):
        wrong.append(f"query {query!r}")
    lines = expected(sent, port=port, buffered=buffered)
    for have, want in zip(received.fields, lines, strict=False):
        fresh = want == (b"X-Request-ID", b"") and have[0] == want[0] and FRESH_ID.fullmatch(have[1])
        if have != want and not fresh:
            wrong.append(f"field {have!r}, not {want!r}")
            break
    if len(received.fields) != len(lines):
        wrong.append(f"{len(received.fields)} fields, not {len(lines)}: {received.fields[len(lines) :]!r}")
    return wrong
