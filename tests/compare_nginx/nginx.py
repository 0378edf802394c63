"""nginx as the configuration template of ingress-nginx has it for a set of Ingresses, as far as it is nginx alone.

What its Lua does is written with plain directives where these can say it: the redirect to https as `return` with a
`map`, HSTS as `add_header`. The Server header, which a module removes there, is not looked at.
"""

import contextlib
import os
import pwd
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from bench.peers.nginx import NewestNginx, Nginx
from tests.compare_nginx.scene import Group, Scene
from tests.support.garden.origins import child, free_address, text, until_listening

BUILDS: Final[Mapping[str, Nginx]] = {
    "system": Nginx("nginx", "off"),
    "newest": NewestNginx("nginx-newest", "off"),
}

NOBODY: Final = """
  map $scheme $pass_scheme { default $scheme; }
  map $scheme $pass_port { default $server_port; https 443; }
  map $http_host $best_host { default $http_host; "" $host; }
  map $remote_addr $pass_for { default $remote_addr; }
"""
BELIEVED: Final[Mapping[Group, str]] = {
    "plain": NOBODY,
    "blocking": NOBODY,
    "compressing": NOBODY,
    "trusting": """
  real_ip_header X-Forwarded-For;
  real_ip_recursive on;
  set_real_ip_from 0.0.0.0/0;
  map $scheme $own_port { default $server_port; https 443; }
  map $http_x_forwarded_proto $pass_scheme { default $http_x_forwarded_proto; "" $scheme; }
  map $http_x_forwarded_port $pass_port { default $http_x_forwarded_port; "" $own_port; }
  map $http_host $own_host { default $http_host; "" $host; }
  map $http_x_forwarded_host $best_host { default $http_x_forwarded_host; "" $own_host; ~^(?<first>[^,]+),.*$ $first; }
  map $http_x_forwarded_for $pass_for {
    default "$http_x_forwarded_for, $realip_remote_addr";
    "" $realip_remote_addr;
  }
""",
}

TOLD: Final = """\
proxy_set_header Host $best_host;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
proxy_set_header X-Request-ID $req_id;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $pass_for;
proxy_set_header X-Forwarded-Host $best_host;
proxy_set_header X-Forwarded-Port $pass_port;
proxy_set_header X-Forwarded-Proto $pass_scheme;
proxy_set_header X-Forwarded-Scheme $pass_scheme;
proxy_set_header X-Scheme $pass_scheme;
proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
proxy_set_header X-Original-Forwarded-Host $http_x_forwarded_host;
proxy_set_header Proxy "";
"""

FRAME: Final = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
{user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server_names_hash_bucket_size 128;
  server_names_hash_max_size 4096;
  variables_hash_max_size 4096;
  map_hash_bucket_size 256;
  large_client_header_buffers 4 8k;
  keepalive_timeout 75s;
  client_max_body_size 1m;
  port_in_redirect off;
  reset_timedout_connection on;
  proxy_http_version 1.1;
  proxy_buffering off;
  proxy_redirect off;
  proxy_connect_timeout 5s;
  proxy_next_upstream error timeout;
  proxy_next_upstream_tries 3;
  proxy_pass_header Server;
  proxy_pass_header Date;
  ssl_certificate {folder}/tls.pem;
  ssl_certificate_key {folder}/tls.pem;
  map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
  map $http_x_request_id $req_id {{ default $http_x_request_id; "" $request_id; }}
  map $https $hsts {{ default $upstream_http_strict_transport_security; on "max-age=31536000; includeSubDomains"; }}
  map $request_uri $without_last_slash {{ default $request_uri; ~^(?<all_but_last>.*)/$ $all_but_last; }}
{believed}
  include {folder}/told;
  include {folder}/answers;
  proxy_hide_header Strict-Transport-Security;
{upstreams}
  server {{
    listen {http} default_server;
    listen {https} ssl default_server;
    location / {{ return 404; }}
  }}
{scenes}
}}
"""

SERVER: Final = """\
  server {{
    listen {http};
    listen {https} ssl;
    server_name {name};
{inside}
  }}
"""


class Running(NamedTuple):
    http: tuple[str, int]
    https: tuple[str, int]


class Site(NamedTuple):
    """What is to be served. `upstreams` has addresses by name; `files` are what configurations include."""

    group: Group
    scenes: Iterable[Scene]
    upstreams: Mapping[str, Iterable[str]]
    files: Mapping[str, bytes]


def configuration(folder: Path, running: Running, site: Site) -> str:
    http, https = text(running.http), text(running.https)
    parts = []
    for scene in site.scenes:
        parts.append(scene.http)
        blocks = {scene.host: scene.server, **scene.servers}
        parts += [
            SERVER.format(http=http, https=https, name=name, inside=inside) for name, inside in blocks.items() if inside
        ]
    return FRAME.format(
        folder=folder,
        user=f"user {pwd.getpwuid(0).pw_name} root;" if os.getuid() == 0 else "",
        believed=BELIEVED[site.group],
        http=http,
        https=https,
        # A server that refused once is not left out of the next request, as none is in ingress-nginx.
        upstreams="\n".join(
            "  upstream {} {{ {} }}".format(name, " ".join(f"server {one} max_fails=0;" for one in addresses))
            for name, addresses in site.upstreams.items()
        ),
        scenes="\n".join(parts),
    )


@contextlib.contextmanager
def nginx(program: str, folder: Path, site: Site) -> Iterator[Running]:
    running = Running(free_address(), free_address())
    given = {"told": TOLD.encode(), "answers": b"add_header Strict-Transport-Security $hsts always;\n", **site.files}
    for name, content in given.items():
        (folder / name).write_bytes(content)
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, running, site))
    command = [program, "-p", str(folder), "-c", str(file), "-e", str(folder / "nginx.log")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    with child(command, folder):
        until_listening(running.https)
        yield running
