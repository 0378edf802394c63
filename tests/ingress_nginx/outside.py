"""A Service that leads to a machine by its name, played where there is one: `python -m tests.ingress_nginx.outside`.

It runs in a network namespace of its own, in which `upstream.example` is an address of no loopback, and nothing else
can be reached (see `test_names.py`): the gateway follows no name to the machine that it runs on.
"""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.ingress_nginx.manifests import document, ingress, path, rule
from tests.support.gateway_process import Gateway
from tests.support.manifests import put
from tests.support.raw_client import fetch
from tests.support.site import until

ADDRESS = "198.18.0.1"
NAME = "upstream.example"
HOST = "shop.example"


class Told(BaseHTTPRequestHandler):
    """Answers with the name that it was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        text = f"outside, for {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def play(folder: Path) -> None:
    manifests = folder / "manifests"
    manifests.mkdir()
    server = ThreadingHTTPServer((ADDRESS, 0), Told)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    put(manifests, "ingress.yaml", ingress("shop", rule(HOST, path("/", "far", port=server.server_port))))
    gateway = Gateway(folder, f"--state-dir={folder / 'state'}", "--disable-svc-external-name=false", manifests)

    def asked() -> tuple[int, str]:
        answer = fetch(gateway.address("http"), HOST)
        return answer.status, answer.text

    def lead(name: str) -> None:
        put(
            manifests, "far.yaml", document("v1", "Service", "far", spec={"type": "ExternalName", "externalName": name})
        )

    try:
        gateway.ready()
        until(lambda: asked()[0] == 503)  # there is no such Service yet
        lead(NAME)
        until(lambda: asked() == (200, f"outside, for {HOST}"))
        for wrong in ("not a name!", "nobody.invalid", ADDRESS):
            lead(wrong)
            until(lambda: asked()[0] == 503)
            lead(f"{NAME}.")
            until(lambda: asked()[0] == 200)
        (manifests / "far.yaml").unlink()
        until(lambda: asked()[0] == 503)
        assert gateway.stop() == 0
    finally:
        gateway.close()
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    play(Path(sys.argv[1]))
