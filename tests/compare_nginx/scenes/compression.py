"""Which answers are compressed for which clients, and what is said of them."""

from itertools import chain
from typing import Final

from gateway.translate.compression import GZIP_TYPES
from tests.compare_nginx.scene import Ask, Scene, get

# As the template of ingress-nginx writes it for `use-gzip` and `gzip-disable`.
SERVER: Final = f"""
    gzip on;
    gzip_comp_level 1;
    gzip_disable "MSIE [1-6]\\.";
    gzip_http_version 1.1;
    gzip_min_length 256;
    gzip_types {" ".join(GZIP_TYPES)};
    gzip_proxied any;
    gzip_vary on;
    location / {{ proxy_pass http://one; }}
"""
OPTIONS: Final = {"use-gzip": "true", "gzip-disable": "MSIE [1-6]\\."}

HTML: Final = "Do-Header: Content-Type: text/html"
LONG: Final = "Do-Body: 3000"
GZIP: Final = "Accept-Encoding: gzip"

ACCEPTED: Final = (
    "gzip, deflate, br",
    "GZip",
    "deflate",
    "br",
    "deflate,gzip",
    "deflate , gzip ; q=1",
    "gzip;q=1",
    "gzip;q=1.0",
    "gzip;q=1.000",
    "gzip;q=0.5",
    "gzip;q=0.01",
    "gzip;q=0.001",
    "gzip;q=0",
    "gzip;q=0.0",
    "gzip;q=0.000",
    "gzip; q=0",
    "gzip;Q=0",
    "gzip;q=2",
    "gzip;q=x",
    "gzip;q=",
    "gzip;x=1",
    "*",
    "*;q=0",
    "identity",
    "identity;q=1, gzip;q=0.5",
    "identity, *;q=0",
    "x-gzip",
    "gzipped",
    "gzip/2",
)
TYPES: Final = (
    "text/html; charset=utf-8",
    "text/html;charset=utf-8",
    "TEXT/HTML",
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "text/event-stream",
    "image/png",
    "image/svg+xml",
    "text",
    "text/htmlx",
)
OTHERS: Final = (
    (200, "Content-Encoding: br"),
    (200, "Content-Encoding: identity"),
    (200, 'ETag: "strong"'),
    (200, 'ETag: W/"weak"'),
    (200, "ETag: none"),
    (200, "Vary: Origin"),
    (200, "Accept-Ranges: bytes"),
    (200, "Last-Modified: Mon, 23 Nov 2026 22:12:28 GMT"),
    (200, "Cache-Control: no-cache"),
    (200, "Expires: 0"),
    (200, "X-Accel-Buffering: no"),
    (201, "X-Own: x"),
    (206, "Content-Range: bytes 0-2999/9000"),
    (301, "Location: /x"),
    (403, "X-Own: x"),
    (404, "X-Own: x"),
    (500, "X-Own: x"),
    (503, "X-Own: x"),
)


def _asks() -> chain[Ask]:
    return chain(
        (get("/", HTML, LONG),),
        (get("/", HTML, LONG, f"Accept-Encoding: {one}") for one in ACCEPTED),
        (get("/", LONG, GZIP, f"Do-Header: Content-Type: {one}") for one in TYPES),
        (get("/", LONG, GZIP),),
        (get("/", HTML, LONG, GZIP, f"Do-Status: {status}", f"Do-Header: {line}") for status, line in OTHERS),
        (get("/", HTML, LONG, f"Do-Status: {status}") for status in (403, 404, 500)),
        (get("/", HTML, GZIP, f"Do-Body: {length}") for length in (3, 255, 256, 100_000)),
        (get("/", HTML, GZIP, f"Do-Body: {length}", "Do-Chunk: yes") for length in (3, 3000)),
        (get("/", HTML, GZIP, f"Do-Status: {status}", name=f"a {status}") for status in (204, 304)),
        (get("/", HTML, LONG, GZIP, "Do-Header: Cache-Control: no-transform", name="no-transform"),),
        (get("/", LONG, GZIP, "Do-Header: Content-Type: text/plain ; a=b", name="a space before parameters"),),
        (get("/", HTML, LONG, GZIP, tls=True),),
        (get("/", HTML, LONG, GZIP, line) for line in ("Via: 1.1 x", "Authorization: x", "Range: bytes=0-9")),
        (get("/", HTML, LONG, GZIP, f"User-Agent: {one}") for one in ("a (MSIE 5.5)", "a (msie 6.0)", "a (MSIE 7.0)")),
        (get("/", HTML, LONG, "Accept-Encoding: deflate", GZIP, name="Accept-Encoding in two lines"),),
        (Ask("GET / HTTP/1.0", (HTML, LONG, GZIP)), Ask("POST /", (HTML, LONG, GZIP), b"x")),
        (Ask("HEAD /", (HTML, LONG, *lines)) for lines in ((), (GZIP,))),
        (Ask("HEAD /", (HTML, GZIP, "Do-Body: 200")),),
        (Ask("HEAD /", (HTML, LONG, GZIP, 'Do-Header: ETag: "strong"', "Do-Header: Accept-Ranges: bytes")),),
    )


SCENES: Final = (Scene("compressed", SERVER, tuple(_asks()), group="compressing"),)
