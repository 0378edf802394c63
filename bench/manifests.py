"""Folders of manifests for ours to load: the two hosts that every contender serves, and folders of many routes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.traffic import HOSTS

Manifest = dict[str, object]

CLASS: Manifest = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}


def service(name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }


def ingress(
    name: str,
    host: str,
    paths: dict[str, str],
    path_type: str = "Prefix",
    annotations: dict[str, str] | None = None,
) -> Manifest:
    """An Ingress of one host; `paths` names the service behind each."""
    rows = [
        {"path": path, "pathType": path_type, "backend": {"service": {"name": target, "port": {"number": 80}}}}
        for path, target in paths.items()
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": rows}}]},
    }


def write(file: Path, *manifests: Manifest) -> None:
    """JSON, which is YAML: separate documents in one file. The file appears whole or not at all."""
    new = file.with_name(f".{file.name}.new")
    new.write_text("\n---\n".join(json.dumps(manifest) for manifest in manifests) + "\n")
    new.replace(file)


# Bodies are passed on as they come, as those of the other contenders are.
STREAMED = {"nginx.ingress.kubernetes.io/proxy-request-buffering": "off"}


# The Services that the folders of two hosts name.
SERVICES: Final = ("web", "other")
PREFIX: Final = "nginx.ingress.kubernetes.io/"


def two_hosts(folder: Path, annotations: dict[str, str] | None = None) -> None:
    folder.mkdir()
    names = [host.partition(".")[0] for host in HOSTS]
    own = STREAMED | {PREFIX + name: value for name, value in (annotations or {}).items()}
    rows = [ingress(name, host, {"/": "web"}, annotations=own) for name, host in zip(names, HOSTS, strict=True)]
    write(folder / "hosts.yaml", CLASS, *map(service, SERVICES), *rows)


# One of each family that does something to requests.
FAMILIES: Final = {
    "rewrite-target": {"use-regex": "true", "rewrite-target": "/$1"},
    "upstream-vhost": {"upstream-vhost": "inner.example.com"},
    "app-root": {"app-root": "/start"},
    "redirect": {"permanent-redirect": "https://elsewhere.example.com"},
    "errors": {"custom-http-errors": "404,503", "default-backend": "other"},
    "cookies": {"proxy-cookie-path": "/inner/ /outer/"},
    "hash": {"upstream-hash-by": "$request_uri"},
    "affinity": {"affinity": "cookie"},
    "access": {"allowlist-source-range": "10.0.0.0/8", "denylist-source-range": "10.1.0.0/16"},
    "limits": {"limit-rps": "1000", "limit-connections": "1000"},
    "cors": {"enable-cors": "true"},
    "log": {"enable-access-log": "false"},
    "tries": {"proxy-next-upstream": "error timeout http_503", "proxy-next-upstream-tries": "2"},
}


def beside_families(folder: Path) -> None:
    """The two hosts, and one with each family of annotations beside them."""
    two_hosts(folder)
    for name, annotations in FAMILIES.items():
        own = {PREFIX + key: value for key, value in annotations.items()}
        path, kind = ("/(.*)", "ImplementationSpecific") if name == "rewrite-target" else ("/", "Prefix")
        write(folder / f"{name}.yaml", ingress(name, f"{name}.example.com", {path: "web"}, kind, own))
    write(folder / "canary.yaml", canary("hash.example.com", {"canary-weight": "10"}))


def canary(host: str, how: dict[str, str]) -> Manifest:
    annotations = {PREFIX + name: value for name, value in ({"canary": "true"} | how).items()}
    return ingress("canary", host, {"/": "other"}, annotations=annotations)


# What has nothing to say to a request of the load: it comes from elsewhere than is denied, and names neither an origin
# nor a header that chooses.
SILENT: Final = {
    "denylist-source-range": "203.0.113.0/24",
    "limit-rps": "1000",
    "limit-allowlist": "127.0.0.0/8",
    "enable-cors": "true",
    "cors-allow-origin": "https://shop.example.com",
    "custom-http-errors": "503",
    "default-backend": "other",
    "proxy-cookie-path": "/inner/ /outer/",
}


def silent_families(folder: Path) -> None:
    """The two hosts with annotations that have nothing to say to a request without a word that they look for."""
    two_hosts(folder, SILENT)
    write(folder / "canary.yaml", canary(HOSTS[0], {"canary-by-header": "x-canary"}))


# By what a request of the load finds at its route.
BARE: Final = "a bare route"
BESIDE: Final = "a bare route beside every family of annotations"
FOLDERS: Final[dict[str, Callable[[Path], None]]] = {
    BARE: two_hosts,
    BESIDE: beside_families,
    "a route whose annotations have nothing to say to it": silent_families,
}


class ManyRoutes:
    """A folder of many routes, one Ingress and file for each host, and the one route of them that changes."""

    def __init__(self, folder: Path, routes: int, routes_per_host: int = 100) -> None:
        self.folder = folder
        self.routes_per_host = min(routes, routes_per_host)
        self.hosts = max(routes // self.routes_per_host, 1)
        self.changing = self.hosts // 2
        folder.mkdir()
        write(folder / "class.yaml", CLASS)
        write(folder / "services.yaml", service("one"), service("two"))
        for number in range(self.hosts):
            self.write_host(number, "one")

    def host(self, number: int) -> str:
        return f"host-{number}.example.com"

    def write_host(self, number: int, probed: str) -> None:
        """One host whose path `/probe` goes to the service `probed`."""
        paths = {f"/service-{path}/v{path % 7}": "one" for path in range(self.routes_per_host - 1)}
        name = f"host-{number}"
        write(self.folder / f"{name}.yaml", ingress(name, self.host(number), {**paths, "/probe": probed}))

    def change(self, service_name: str) -> None:
        self.write_host(self.changing, service_name)
