"""Which proxy the environment names for an API server."""

from collections.abc import Mapping

import pytest

from gateway.kube.proxies import proxy_for

PROXY = {"HTTPS_PROXY": "http://proxy.example.com:3128"}


@pytest.mark.parametrize(
    ("server", "environ", "expected"),
    [
        ("https://api.example.com:6443", {}, None),
        ("https://api.example.com:6443", PROXY, "http://proxy.example.com:3128"),
        ("https://api.example.com", {"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ("http://api.example.com", PROXY, None),
        ("https://127.0.0.1:6443", PROXY, None),
        ("https://localhost:6443", PROXY, None),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "other.com, .example.com"}, None),
        ("https://api.example.com", {**PROXY, "no_proxy": "*.example.com"}, None),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "example.co"}, PROXY["HTTPS_PROXY"]),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "*"}, None),
        ("https://10.96.0.1:443", {**PROXY, "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://10.96.0.1:443", {**PROXY, "NO_PROXY": "10.96.0.1"}, None),
        ("https://10.96.0.1:443", {**PROXY, "NO_PROXY": "192.168.0.0/16,svc"}, PROXY["HTTPS_PROXY"]),
        ("https://[fd00::1]:443", {**PROXY, "NO_PROXY": "fd00::/8"}, None),
    ],
)
def test_as_other_clients_choose(server: str, environ: Mapping[str, str], expected: str | None) -> None:
    assert proxy_for(server, environ) == expected
