"""Folders of manifests for ours to load: the two hosts that every contender serves, and folders of many routes."""

import json
from pathlib import Path

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


def two_hosts(folder: Path) -> None:
    folder.mkdir()
    names = [host.partition(".")[0] for host in HOSTS]
    rows = [ingress(name, host, {"/": "web"}, annotations=STREAMED) for name, host in zip(names, HOSTS, strict=True)]
    write(folder / "hosts.yaml", CLASS, service("web"), *rows)


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
