"""Which proxy stands between us and the API server: the one of the kubeconfig, or what the environment says.

The library would also read ~/.netrc and let that overrule our credentials, so its own look at the environment is off.
"""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit


def proxy_for(server: str, environ: Mapping[str, str]) -> str | None:
    """As kubectl does: HTTPS_PROXY or HTTP_PROXY by the scheme of the URL, unless NO_PROXY names its host."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    proxy = _variable(environ, f"{parts.scheme}_proxy")
    if not proxy or _is_local(host) or any(_excepts(rule.strip(), host) for rule in _exceptions(environ)):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _exceptions(environ: Mapping[str, str]) -> list[str]:
    return _variable(environ, "no_proxy").split(",")


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.upper()) or environ.get(name) or ""


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _excepts(rule: str, host: str) -> bool:
    """Rules are names (with the names below them), addresses, networks or `*`."""
    if rule == "*":
        return True
    if not rule:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        name = rule.lstrip("*").lstrip(".").lower()
        return host == name or host.endswith(f".{name}")
    try:
        return address in ip_network(rule, strict=False)
    except ValueError:
        return False
