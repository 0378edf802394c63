"""What `sallygate run` prints on stdout once it serves: routes, addresses, and lines to try. Text only, no I/O."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gateway.supervise.sockets import reachable

HEADINGS = ("HOST", "PATH", "TYPE", "BACKEND", "ENDPOINTS", "NOTES")
ROWS = 40  # about a screen; `GET /metrics` and the manifests have the rest
ENDPOINTS = 2  # shown per route


class Request(NamedTuple):
    """A request to show as a curl line."""

    host: str
    path: str
    tls: bool


def table(rows: Sequence[Mapping[str, object]], total: int) -> str:
    """`rows` as control tells them: host, path, type, backend, endpoints, notes; `total` counts those not told too."""
    if not rows:
        return "No routes yet: no Ingress of ours was found."
    lines = [HEADINGS, *(_cells(row) for row in rows[:ROWS])]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    hidden = total - min(len(rows), ROWS)
    return f"{text}\n… and {hidden} more routes" if hidden > 0 else text


def listeners(addresses: Mapping[str, str]) -> str:
    rows = [(name, _url(name, address)) for name, address in addresses.items()]
    return "\n".join(f"{name:<7} {url}" for name, url in rows)


def curl(request: Request, addresses: Mapping[str, str], ca_file: Path | None) -> str:
    """A line that works as printed, whatever the name resolves to elsewhere."""
    ip, port = reachable(addresses["https" if request.tls else "http"])
    url = f"{'https' if request.tls else 'http'}://{request.host}:{port}{request.path}"
    words = ["curl"]
    if request.tls and ca_file is not None:
        words += ["--cacert", str(ca_file)]
    words += ["--resolve", f"{request.host}:{port}:{f'[{ip}]' if ':' in ip else ip}", url]
    return shlex.join(words)


def _cells(row: Mapping[str, object]) -> tuple[str, ...]:
    endpoints = _texts(row.get("endpoints"))
    shown = ", ".join(endpoints[:ENDPOINTS])
    if len(endpoints) > ENDPOINTS:
        shown += f" +{len(endpoints) - ENDPOINTS}"
    first = (_plain(row.get(name, "")) for name in ("host", "path", "type", "backend"))
    return (*first, shown, ", ".join(_texts(row.get("notes"))))


def _texts(value: object) -> list[str]:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else []


def _plain(value: object) -> str:
    """Names come from manifests: nothing in them may move the cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))


def _url(name: str, address: str) -> str:
    ip, port = reachable(address)
    host = f"[{ip}]" if ":" in ip else ip
    if name == "health":
        return f"http://{host}:{port}/readyz  (also /healthz, /livez, /metrics)"
    everywhere = "  (on every address of this machine)" if (ip, port) != _split(address) else ""
    return f"{name}://{host}:{port}{everywhere}"


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def paragraphs(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
