"""HAProxy, one thread, with connection reuse as free as it gets, and doing what ours does per request.

It has no buffered file log. Writing to its own stdout, which is a file here, costs less than the usual datagram to a
syslog daemon, so that is what `file` does; with `off` it does less work than ours. It may have more connections than it
has files for on both sides, as idle ones have nothing on the other.
"""

from typing import Literal

from bench.child import Child, free_port
from bench.peers.peer import Running, Site, find_program, first_line, most_files, wait_until_listening
from bench.traffic import HOSTS

Log = Literal["file", "off"]

TITLES: dict[Log, str] = {
    "file": "forwarded headers, request id, access log (stdout to a file)",
    "off": "forwarded headers, request id, no access log",
}

CONFIGURATION = """\
global
  nbthread 1
  maxconn {connections}
  no strict-limits
  ulimit-n {files}
  tune.pool-high-fd-ratio 90
  tune.pool-low-fd-ratio 80
{log}
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-request 1h
  timeout http-keep-alive 1h
  http-reuse always
{option}
frontend web
  bind {listen} backlog 4096
  unique-id-format %[uuid]
  unique-id-header X-Request-ID
  option forwardfor
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Scheme http
  http-request set-header X-Scheme http
{rules}
  default_backend none

{backends}
backend none
  http-request return status 404
"""

BACKEND = """\
backend {host}
  server one {backend} pool-max-conn 2048 pool-purge-delay 1h
"""


def configuration(site: Site, listen: str, log: Log, *, files: int) -> str:
    return CONFIGURATION.format(
        files=files,
        connections=files - 400,
        log="  log stdout format raw local0 info" if log == "file" else "",
        option="  log global\n  option httplog" if log == "file" else "",
        listen=listen,
        rules="\n".join(f"  use_backend {host} if {{ req.hdr(host) -i {host} }}" for host in HOSTS),
        backends="\n".join(BACKEND.format(host=host, backend=site.backend) for host in HOSTS),
    )


class HAProxy:
    def __init__(self, name: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.title = TITLES[log]

    def missing(self) -> str | None:
        return None if find_program("haproxy") else "not installed"

    def version(self) -> str:
        return first_line([find_program("haproxy") or "haproxy", "-v"], "version").removeprefix("HAProxy version ")

    def start(self, site: Site) -> Running:
        listen = f"127.0.0.1:{free_port()}"
        file = site.folder / "haproxy.cfg"
        file.write_text(configuration(site, listen, self.log, files=most_files()))
        command = [*site.wrapper, find_program("haproxy") or "haproxy", "-db", "-f", str(file)]
        log = site.folder / "access.log"
        child = Child(self.name, command, site.folder, core=site.core, stdout=log)
        wait_until_listening(child, listen, site)
        return Running(child, listen, child.pid, log=None if self.log == "off" else log)
