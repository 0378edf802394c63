"""nginx, configured as its own documentation advises for a busy proxy, and to do what ours does per request.

Upstream keep-alive is on with room for every connection, nothing closes a connection for its age, and the access log
has the fields that ours has. The log is buffered (`buffer=64k`), which is kinder than nginx's default of one write per
request, because ours is buffered too; with `off` it does less work than ours.
"""

import os
import pwd
from pathlib import Path
from typing import Literal

from bench.accounts import descendants
from bench.child import Child, free_port
from bench.peers.peer import Running, Site, find_program, first_line, wait_until_listening
from bench.traffic import HOSTS

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
    location / {{
      proxy_pass http://web;
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
        connections=files - 100,
        user=f"user {user};" if user else "",
        format=FORMAT,
        log=logs[log],
        backend=site.backend,
        listen=listen,
        servers="".join(SERVER.format(listen=listen, host=host) for host in HOSTS),
    )


class Nginx:
    def __init__(self, name: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.title = TITLES[log]

    def missing(self) -> str | None:
        return None if find_program("nginx") else "not installed"

    def version(self) -> str:
        return first_line([find_program("nginx") or "nginx", "-v"], "nginx").removeprefix("nginx version: ")

    def start(self, site: Site) -> Running:
        listen = f"127.0.0.1:{free_port()}"
        file = site.folder / "nginx.conf"
        # A worker of a master that is root runs as nobody unless told otherwise, and could not write here.
        user = f"{pwd.getpwuid(0).pw_name} root" if os.getuid() == 0 else None
        files = min(os.sysconf("SC_OPEN_MAX"), 20000) - 100
        file.write_text(configuration(site, listen, self.log, user=user, files=files))
        # Under a wrapper (callgrind) there is one process to look at; otherwise master and worker, as in production.
        alone = ["-g", "master_process off;"] if site.wrapper else []
        program = find_program("nginx") or "nginx"
        command = [*site.wrapper, program, "-p", str(site.folder), "-c", str(file), "-e", "stderr", *alone]
        child = Child(self.name, command, site.folder, core=site.core)
        wait_until_listening(child, listen, site)
        # The kernel takes connections as soon as the master listens; the worker that serves them comes after.
        child.wait_for(lambda: bool(alone or descendants(child.pid)), site.patience, "start its worker")
        pid = child.pid if alone else descendants(child.pid)[0]
        log: Path | None = None if self.log == "off" else site.folder / "access.log"
        return Running(child, listen, pid, log=log)
