"""Real servers that say what they read: each is started on a socket of ours, or says what it lacks.

An origin of the first kind answers with JSON; one that is a proxy itself passes requests on to a recorder.
"""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.raw_client import SECONDS
from tests.support.recorder import Recorder

HERE: Final = Path(__file__).parent

NGINX: Final = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  client_max_body_size 0;
  large_client_header_buffers 4 64k;
  merge_slashes off;
  server {{
    listen {own};
    location / {{
      proxy_pass http://{upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection close;
    }}
  }}
}}
"""

HAPROXY: Final = """\
global
  nbthread 1
  tune.bufsize 65536
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option http-server-close
frontend web
  bind fd@{number}
  default_backend web
backend web
  http-reuse never
  server one {upstream}
"""

APACHE: Final = """\
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
ServerName origin
Listen {own}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
AllowEncodedSlashes NoDecode
MergeSlashes Off
LimitRequestFieldSize 65536
ProxyPreserveHost On
ProxyPass / http://{upstream}/ disablereuse=on nocanon
KeepAlive On
MaxKeepAliveRequests 0
"""


class Missing(Exception):  # noqa: N818 - not an error: an origin that this machine does not have
    """What is lacking for an origin."""


class Running(NamedTuple):
    address: tuple[str, int]
    recorder: Recorder | None
    """Where a proxy passes requests on to; nothing for an origin that answers itself."""
    one_slash_first: bool = False
    """Apache's proxy sends on one of the slashes that a target begins with, whatever it is told."""


def needs(program: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/go/bin")
    if found is None:
        raise Missing(f"{program} is not installed")
    return found


def python(module: str, *arguments: str) -> list[str]:
    if importlib.util.find_spec(module) is None:
        raise Missing(f"Python package {module} is not installed")
    return [sys.executable, *arguments]


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that a child may accept from. What connects early waits in it, so nobody polls for readiness."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as one:
        one.set_inheritable(True)
        yield one


def free_address() -> tuple[str, int]:
    """For servers that take no socket from outside."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        host, port = one.getsockname()
        return host, port


def until_listening(address: tuple[str, int]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(address):
            return
        time.sleep(0.01)
    raise TimeoutError(f"nobody listens on {address}")


@contextlib.contextmanager
def child(command: list[str], folder: Path, listener: socket.socket | None = None) -> Iterator[None]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HERE), "HOME": str(folder)},
            pass_fds=[listener.fileno()] if listener else [],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def answering(
    command: Callable[[Path, int], list[str]],
) -> Callable[[Path], contextlib.AbstractContextManager[Running]]:
    @contextlib.contextmanager
    def start(folder: Path) -> Iterator[Running]:
        with listening() as own, child(command(folder, own.fileno()), folder, own):
            yield Running(own.getsockname(), None)

    return start


def go(folder: Path, number: int) -> list[str]:
    program = folder / "origin"
    build = [needs("go"), "build", "-o", str(program), str(HERE / "server.go")]
    subprocess.run(build, cwd=folder, env={**os.environ, "GO111MODULE": "off"}, check=True)
    return [str(program), str(number)]


def gunicorn(_folder: Path, number: int) -> list[str]:
    flags = [
        "--worker-class=gthread",
        "--threads=1",
        "--keep-alive=30",
        "--limit-request-field_size=65536",
        "--limit-request-line=8190",
    ]
    return python("gunicorn", "-m", "gunicorn", f"--bind=fd://{number}", *flags, "wsgi:application")


def uvicorn(_folder: Path, number: int) -> list[str]:
    python("h11")
    flags = ["--http=h11", "--ws=none", "--lifespan=off", "--no-access-log", "--h11-max-incomplete-event-size=65536"]
    return python("uvicorn", "-m", "uvicorn", f"--fd={number}", *flags, "asgi:application")


def waitress(_folder: Path, number: int) -> list[str]:
    return python("waitress", str(HERE / "wsgi.py"), str(number))


def aiohttp(_folder: Path, number: int) -> list[str]:
    return python("aiohttp", str(HERE / "aio.py"), str(number))


def node(_folder: Path, number: int) -> list[str]:
    return [needs("node"), str(HERE / "node.js"), str(number)]


def text(address: tuple[str, int]) -> str:
    host, port = address
    return f"{host}:{port}"


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Running]:
    program = needs("nginx")
    with Recorder() as recorder:
        own, upstream = free_address(), text(recorder.address)
        file = folder / "nginx.conf"
        file.write_text(NGINX.format(folder=folder, own=text(own), upstream=upstream))
        with child([program, "-p", str(folder), "-c", str(file)], folder):
            until_listening(own)
            yield Running(own, recorder)


@contextlib.contextmanager
def haproxy(folder: Path) -> Iterator[Running]:
    program = needs("haproxy")
    with Recorder() as recorder, listening() as own:
        file = folder / "haproxy.cfg"
        file.write_text(HAPROXY.format(number=own.fileno(), upstream=text(recorder.address)))
        with child([program, "-db", "-f", str(file)], folder, own):
            yield Running(own.getsockname(), recorder)


@contextlib.contextmanager
def apache(folder: Path) -> Iterator[Running]:
    program = needs("apache2")
    with Recorder() as recorder:
        own, upstream = free_address(), text(recorder.address)
        file = folder / "apache.conf"
        modules = "/usr/lib/apache2/modules"
        file.write_text(APACHE.format(folder=folder, own=text(own), upstream=upstream, modules=modules))
        with child([program, "-DFOREGROUND", "-f", str(file)], folder):
            until_listening(own)
            yield Running(own, recorder, one_slash_first=True)


ORIGINS: Final[dict[str, Callable[[Path], contextlib.AbstractContextManager[Running]]]] = {
    "nginx": nginx,
    "haproxy": haproxy,
    "apache": apache,
    "node": answering(node),
    "go": answering(go),
    "gunicorn": answering(gunicorn),
    "uvicorn": answering(uvicorn),
    "aiohttp": answering(aiohttp),
    "waitress": answering(waitress),
}
