"""What a WSGI server read: for gunicorn, and for waitress when it is run."""

import json
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any

Start = Callable[[str, list[tuple[str, str]]], Any]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    # gunicorn and waitress hand out the target as it came, by different names.
    target = environ.get("RAW_URI") or environ["REQUEST_URI"]
    seen = {
        "method": environ["REQUEST_METHOD"],
        "target": target,
        "host": environ.get("HTTP_HOST", ""),
        "body": environ["wsgi.input"].read().decode("latin-1"),
    }
    text = json.dumps(seen).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]


if __name__ == "__main__":
    import waitress

    waitress.serve(application, sockets=[socket.socket(fileno=int(sys.argv[1]))], threads=1, ident="")
