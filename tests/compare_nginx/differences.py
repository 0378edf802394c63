"""Where the gateway answers otherwise than nginx, and why it does.

Of each request the aspects that differ, with the value here and the value of nginx. Anything else that differs fails
the comparison, and so does a row that is no longer true.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple


class Difference(NamedTuple):
    """Of one aspect of one request, exactly this. `build`: with that nginx only."""

    scene: str
    ask: str
    aspect: str
    ours: str
    nginx: str
    why: str
    build: str = ""


def _compressed(scene: str, ask: str) -> tuple[tuple[str, ...], ...]:
    """It is here, and not with nginx."""
    return tuple((scene, ask, aspect, here, there) for aspect, there, here in _CODED)


def _as_it_is(scene: str, ask: str) -> tuple[tuple[str, ...], ...]:
    """It is not compressed here, and is with nginx."""
    return tuple((scene, ask, aspect, here, there) for aspect, here, there in _CODED)


_CODED: Final = (
    ("answer's content-encoding", "", "gzip"),
    ("answer's content-length", "3000", ""),
    ("answer's transfer-encoding", "", "chunked"),
)

_ODD: Final = '\\"\\\\\\t%0a' + "é".encode().decode("latin-1")
_WHO: Final = '\\"\\\\%0a' + "é".encode().decode("latin-1")
_COOKIE: Final = 'a=\\"\\\\; who=' + _WHO
_USER: Final = 'a\\n\\r\\"\\\\\\u0001\x7f'


def because(why: str, *rows: tuple[str, ...]) -> Iterator[Difference]:
    """Each row is scene, request, aspect, our value, nginx's value, and the build where it is one's alone."""
    for scene, ask, aspect, ours, nginx, *build in rows:
        yield Difference(scene, ask, aspect, ours, nginx, why, *build)


DIFFERENCES: Final = tuple(
    chain(
        because(
            "A Host is a name or an address with a port of digits and nothing else; what another reader could "
            "take for another host is refused.",
            ("names", "GET / host names.example:", "status", "400", "200"),
            ("names", "GET / host names.example:", "backends", "", "one"),
            ("names", "GET / host names.example:http", "status", "400", "200", "system"),
            ("names", "GET / host names.example:http", "backends", "", "one", "system"),
            ("wild", "GET / host .wild.example", "status", "400", "404"),
        ),
        because(
            "A request that names two hosts, in its target and in Host, has two readings. It is refused.",
            ("names", "absolute target for another host", "status", "400", "200"),
            ("names", "absolute target for another host", "backends", "", "one"),
            ("names", "absolute target without a path", "status", "400", "200"),
            ("names", "absolute target without a path", "backends", "", "one"),
        ),
        because(
            "A wildcard stands for any label that a Host may have, not only for those of DNS.",
            ("wild", "GET / host ~.wild.example", "status", "200", "404"),
            ("wild", "GET / host ~.wild.example", "backends", "one", ""),
        ),
        because(
            "A dot segment with a parameter is a dot segment to some backends. It is resolved as one, so that none of "
            "them is led to another path than the one that was compared.",
            ("normal", "GET /a/b/..;x=1/c", "backends", "one", "two"),
        ),
        because(
            "What is sent on is the path that was compared: dot segments are resolved, and no backend can resolve "
            "them otherwise.",
            ("root", "GET /.", "target", "/", "/."),
            ("root", "GET /x/..", "target", "/", "/x/.."),
            ("normal", "GET /a/./b", "target", "/a/b", "/a/./b"),
            ("normal", "GET /a/x/../b", "target", "/a/b", "/a/x/../b"),
            ("normal", "GET /a/b/..", "target", "/a/", "/a/b/.."),
            ("normal", "GET /a/b/../", "target", "/a/", "/a/b/../"),
            ("https", "GET /a/../b", "answer's location", "https://https.example/b", "https://https.example/a/../b"),
        ),
        because(
            "The path is sent on in its normal form, which names the same resource: escapes that need none are "
            "decoded, bytes that need one have it, hex digits are upper-case.",
            ("normal", "GET /a/%2e/b", "target", "/a/b", "/a/%2e/b"),
            ("normal", "GET /a/%2E%2e/a/b", "target", "/a/b", "/a/%2E%2e/a/b"),
            ("normal", "GET /%61", "target", "/a", "/%61"),
            ("normal", "GET /%61/%62", "target", "/a/b", "/%61/%62"),
            ("normal", "GET /a/\xc3\xa9", "target", "/a/%C3%A9", "/a/\xc3\xa9"),
            ("normal", "GET /a/%0d%0a", "target", "/a/%0D%0A", "/a/%0d%0a"),
            ("normal", "GET /a/[b]", "target", "/a/%5Bb%5D", "/a/[b]"),
            ("normal", "GET /a/b|c", "target", "/a/b%7Cc", "/a/b|c"),
            ("normal", "GET /a/{b}", "target", "/a/%7Bb%7D", "/a/{b}"),
            ("normal", "GET /a/b^c", "target", "/a/b%5Ec", "/a/b^c"),
            ("normal", "GET /a/b`c", "target", "/a/b%60c", "/a/b`c"),
            ("capture", "GET /something/[a]|{b}", "target", "/%5Ba%5D%7C%7Bb%7D", "/[a]%7C%7Bb%7D"),
            ("longest", "GET /id/%31", "target", "/id/1", "/id/%31"),
            ("https", "GET /%61", "answer's location", "https://https.example/a", "https://https.example/%61"),
        ),
        because(
            "A path is refused where decoding %2F would lead to another route, because the backend may read it "
            "either way.",
            ("normal", "GET /a%2Fb", "status", "400", "200"),
            ("normal", "GET /a%2Fb", "backends", "", "two"),
            ("normal", "GET /a%2fb", "status", "400", "200"),
            ("normal", "GET /a%2fb", "backends", "", "two"),
            ("normal", "GET /a/b%2Fc", "status", "400", "200"),
            ("normal", "GET /a/b%2Fc", "backends", "", "two"),
        ),
        because(
            "These bytes cannot be part of a target, and those who receive them do not agree on what they mean.",
            ("normal", "GET /a\\b", "status", "400", "404"),
            ("normal", "GET /a/b#c", "status", "400", "200"),
            ("normal", "GET /a/b#c", "backends", "", "two"),
            ("normal", 'GET /a/"b"', "status", "400", "200"),
            ("normal", 'GET /a/"b"', "backends", "", "one"),
            ("normal", "GET /a/<b>", "status", "400", "200"),
            ("normal", "GET /a/<b>", "backends", "", "one"),
            ("query", "GET /x?a#b", "status", "400", "200"),
            ("query", "GET /x?a#b", "backends", "", "one"),
        ),
        because(
            "An empty query is a query, and is sent on as it came.",
            ("capture", "GET /something/?", "target", "/?", "/"),
        ),
        because(
            "A rewrite-target that is a URL closes the route, and a verdict names permanent-redirect.",
            ("elsewhere", "GET /old/x", "status", "503", "302"),
            ("elsewhere", "GET /old/x", "answer's location", "", "https://new.example/x"),
            ("elsewhere", "GET /old/x?y=z", "status", "503", "302"),
            ("elsewhere", "GET /old/x?y=z", "answer's location", "", "https://new.example/x?y=z"),
            ("elsewhere", "GET /old/a%20b", "status", "503", "302"),
            ("elsewhere", "GET /old/a%20b", "answer's location", "", "https://new.example/a%20b"),
            ("elsewhere", "GET /other", "status", "503", "404"),
        ),
        because(
            "Location keeps the port that the client named: without it the redirect would lead to another "
            "listener. A load balancer on port 80 has no port in Host.",
            (
                "slash",
                "GET /a host slash.example:8080",
                "answer's location",
                "http://slash.example:8080/a/",
                "http://slash.example/a/",
            ),
        ),
        because(
            "Two lines of a list mean what one line with a comma means.",
            (
                "told",
                "GET / X-Forwarded-For: 18.0.0.1 X-Forwarded-For: 18.0.0.2",
                "request's x-original-forwarded-for",
                "18.0.0.1 | 18.0.0.2",
                "18.0.0.1, 18.0.0.2",
            ),
        ),
        because(
            "Only a gateway may say this to a backend; from a client it is not sent on.",
            (
                "told",
                "GET / Forwarded: for=18.0.0.1 Via: 1.1 x X-Forwarded-Server: x",
                "request's forwarded",
                "",
                "for=18.0.0.1",
            ),
            (
                "told",
                "GET / Forwarded: for=18.0.0.1 Via: 1.1 x X-Forwarded-Server: x",
                "request's x-forwarded-server",
                "",
                "x",
            ),
            ("told", "GET / X-Original-URI: /x X-Original-URL: /x", "request's x-original-uri", "", "/x"),
            ("told", "GET / X-Original-URI: /x X-Original-URL: /x", "request's x-original-url", "", "/x"),
            (
                "told",
                "GET / ssl-client-verify: SUCCESS ssl-client-cert: x ssl-client-subject-dn: CN=x",
                "request's ssl-client-cert",
                "",
                "x",
            ),
            (
                "told",
                "GET / ssl-client-verify: SUCCESS ssl-client-cert: x ssl-client-subject-dn: CN=x",
                "request's ssl-client-subject-dn",
                "",
                "CN=x",
            ),
            (
                "told",
                "GET / ssl-client-verify: SUCCESS ssl-client-cert: x ssl-client-subject-dn: CN=x",
                "request's ssl-client-verify",
                "",
                "SUCCESS",
            ),
        ),
        because(
            "Trailers are passed on, so a backend is told who takes them.",
            ("told", "for one hop", "request's connection", "TE", ""),
            ("told", "for one hop", "request's te", "trailers", ""),
        ),
        because(
            "A header that Connection nominates, and Trailer, Proxy-Connection and HTTP2-Settings, are for one hop.",
            ("told", "nominated", "request's x-own", "", "x"),
            ("told", "for one hop", "request's proxy-connection", "", "x", "system"),
            ("told", "for one hop", "request's trailer", "", "x"),
            ("told", "h2c", "request's http2-settings", "", "x"),
        ),
        because(
            "An upgrade is asked for by Upgrade and Connection together, and HTTP/2 is not offered that way.",
            ("told", "websocket without Connection", "request's connection", "", "upgrade"),
            ("told", "websocket without Connection", "request's upgrade", "", "websocket"),
            ("told", "h2c", "request's connection", "", "upgrade"),
            ("told", "h2c", "request's upgrade", "", "h2c"),
        ),
        because(
            "A handshake of WebSocket is checked before a tunnel depends on it.",
            ("told", "websocket without a good key", "status", "400", "200"),
            ("told", "websocket without a good key", "backends", "", "one"),
        ),
        because(
            "What a backend says for its own connection is not for the client.",
            ("answers", "GET / Do-Header: Connection: X-Own Do-Header: X-Own: x", "answer's x-own", "", "x"),
            ("answers", "GET / Do-Header: Upgrade: x", "answer's upgrade", "", "x"),
        ),
        because(
            "A 204 has no length.",
            ("answers", "GET / Do-Status: 204", "answer's content-length", "", "0"),
            ("compressed", "a 204", "answer's content-length", "", "0"),
        ),
        because(
            "A backend cannot send a request on to another place of the gateway.",
            ("answers", "GET / Do-Header: X-Accel-Redirect: /x", "status", "200", "500"),
        ),
        because(
            "Base64 is taken as it is defined, with its padding.",
            ("password", "GET / Authorization: Basic c2hhOnNlY3JldA", "status", "401", "200"),
            ("password", "GET / Authorization: Basic c2hhOnNlY3JldA", "backends", "", "one"),
        ),
        because(
            "An answer that depends on Origin says so; without it caches serve one site's headers to another.",
            ("cors", "GET / Origin: https://a.example", "answer's vary", "Origin", ""),
            ("cors", "GET / Origin: HTTPS://A.example", "answer's vary", "Origin", ""),
            ("cors", "GET / Origin: http://x.b.example:8080", "answer's vary", "Origin", ""),
            ("cors", "GET / Origin: http://x.b.example", "answer's vary", "Origin", ""),
            ("cors", "GET / Origin: https://evil.example", "answer's vary", "Origin", ""),
            ("cors", "GET / Origin: null", "answer's vary", "Origin", ""),
            ("cors", "GET /", "answer's vary", "Origin", ""),
            ("cors", "GET / Origin: https://a.example Do-Status: 500", "answer's vary", "Origin", ""),
            (
                "cors",
                "GET / Origin: https://a.example Do-Header: Access-Control-Allow-Origin: *",
                "answer's vary",
                "Origin",
                "",
            ),
            (
                "cors",
                "GET / Origin: https://evil.example Do-Header: Access-Control-Allow-Origin: *",
                "answer's vary",
                "Origin",
                "",
            ),
            (
                "cors",
                "OPTIONS / Origin: https://a.example Access-Control-Request-Method: PUT",
                "answer's vary",
                "Origin",
                "",
            ),
            (
                "cors",
                "OPTIONS / Origin: https://evil.example Access-Control-Request-Method: PUT",
                "answer's vary",
                "Origin",
                "",
            ),
            ("cors", "OPTIONS / Origin: https://a.example", "answer's vary", "Origin", ""),
            ("cors", "OPTIONS /", "answer's vary", "Origin", ""),
        ),
        because(
            "The page of an error is asked for by `/`; the target of the request, with its query, is in "
            "X-Original-URI.",
            ("pages", "GET /a?b Do-Status: 404 Accept: text/html", "target", "/", "/?b"),
        ),
        because(
            "A body that is refused is not read, so its connection ends.",
            ("own-pages", "POST /", "answer's connection", "", "close"),
            ("bodies", "one byte longer", "answer's connection", "", "close"),
            ("bodies", "expected, but too long", "answer's connection", "", "close"),
        ),
        because(
            "Names of cookies are case-sensitive: this is another cookie.",
            ("by-header", "GET / Cookie: BETA=always", "backends", "one", "two"),
        ),
        because(
            "No such version of HTTP exists.",
            ("wire", "GET / HTTP/1.2", "status", "505", "200"),
            ("wire", "GET / HTTP/1.2", "backends", "", "one"),
        ),
        because(
            "Requests that break the grammar are refused, because backends do not agree on what they are.",
            ("wire", "two spaces", "status", "400", "200"),
            ("wire", "two spaces", "backends", "", "one"),
            ("wire", "GET ftp://wire.example/", "status", "400", "200"),
            ("wire", "GET ftp://wire.example/", "backends", "", "one"),
            ("wire", "control", "status", "400", "200"),
            ("wire", "control", "backends", "", "one"),
        ),
        because(
            "`*` is a valid target of OPTIONS, and no route has it.",
            ("wire", "OPTIONS *", "status", "404", "400"),
        ),
        because(
            "Methods are case-sensitive, and what is a token is a method; which ones there are is for the backend "
            "to say.",
            ("wire", "get /", "status", "200", "400"),
            ("wire", "get /", "backends", "one", ""),
        ),
        because(
            "An expectation that cannot be met is answered so.",
            ("wire", "GET / Expect: 200-maybe", "status", "417", "200"),
            ("wire", "GET / Expect: 200-maybe", "backends", "", "one"),
        ),
        because(
            "A body in another transfer coding than chunked alone is a doubt about framing, and always answered 400.",
            ("wire", "GET / Transfer-Encoding: gzip, chunked", "status", "400", "501"),
            ("accepted", "identity", "status", "400", "501"),
        ),
        because(
            "Heads may be larger here.",
            ("wire", "9 kB in a header", "status", "200", "400"),
            ("wire", "9 kB in a header", "backends", "one", ""),
            ("wire", "45 kB in 50 headers", "status", "431", "400"),
        ),
        because(
            "nginx of this version refuses the method with 400, later ones as here with 405.",
            ("wire", "CONNECT wire.example:443", "status", "405", "400", "system"),
        ),
        because(
            "An answer that says `no-transform` is not compressed by whoever passes it on (RFC 9110 section 7.7).",
            *_as_it_is("compressed", "no-transform"),
            ("compressed", "no-transform", "answer's vary", "", "Accept-Encoding"),
        ),
        because(
            "There may be a space between a content type and its parameters (RFC 9110 section 5.6.6).",
            *_compressed("compressed", "a space before parameters"),
            ("compressed", "a space before parameters", "answer's vary", "Accept-Encoding", ""),
        ),
        because(
            "Lines of one header are one list (RFC 9110 section 5.3); nginx reads the first Accept-Encoding alone.",
            *_compressed("compressed", "Accept-Encoding in two lines"),
        ),
    )
)

LOGGED: Final = tuple(
    chain(
        because(
            "Controls and what is no UTF-8 stay encoded in the path that routes are found by.",
            (
                "default",
                "encoded in the target",
                "uri",
                r"/%0A%0D\x22\x5C%7F%01%80",
                r"/\x0A\x0D\x22\x5C\x7F\x01\x80",
            ),
            ("json", "encoded in the target", "uri", r"/%0A%0D\"\\%7F%01%80", '/\\n\\r\\"\\\\\x7f\\u0001\x80'),
            ("none", "encoded in the target", "uri", r'/%0A%0D"\%7F%01%80', '/\n\r"\\\x7f\x01\x80'),
        ),
        because(
            "A line of JSON is JSON, whatever a client sends.",
            ("json", "in a header", "http_x_odd", _ODD + r"\uFFFD", _ODD + "\x80"),
            ("json", "in a cookie", "cookie_who", _WHO + r"\uFFFD", _WHO + "\x80"),
            ("json", "in a cookie", "http_cookie", _COOKIE + r"\uFFFD", _COOKIE + "\x80"),
            ("json", "in the name of a user", "remote_user", _USER + r"\uFFFD", _USER + "\x80"),
        ),
        because(
            "No value ends a line, whatever is not escaped: what follows it would be a line that a client has forged.",
            ("none", "in the name of a user", "remote_user", 'a\\x0A\\x0D"\\\x01\x7f\x80', 'a\n\r"\\\x01\x7f\x80'),
        ),
        because(
            "An answer that breaks off is not complete, however much of it was sent.",
            ("completion", "/cut", "line", "/cut|200|", "/cut|200|OK"),
            ("completion", "/cut-chunked", "line", "/cut-chunked|200|", "/cut-chunked|200|OK"),
        ),
    )
)
"""Of lines of the access log: by how they are escaped, request and variable."""
