"""What is printed once the gateway serves."""

from pathlib import Path

from gateway.cli import banner
from gateway.cli.banner import Request

ADDRESSES = {"http": "0.0.0.0:8080", "https": "127.0.0.1:8443", "health": "[::1]:10254"}


def _row(**changes: object) -> dict[str, object]:
    row = {
        "host": "a.example",
        "path": "/",
        "type": "Prefix",
        "backend": "default/web:80",
        "endpoints": [],
        "notes": [],
    }
    return {**row, **changes}


def test_columns_stand_below_each_other() -> None:
    rows = [_row(endpoints=["10.0.0.1:80"]), _row(host="longer.example", notes=["308 to https", "TLS default/cert"])]
    lines = banner.table(rows, 2).splitlines()
    assert lines[0].split() == list(banner.HEADINGS)
    assert {line.index("/ ") for line in lines[1:]} == {lines[0].index("PATH")}
    assert lines[2].endswith("308 to https, TLS default/cert")


def test_many_routes_and_many_endpoints_are_counted_instead_of_shown() -> None:
    text = banner.table([_row(endpoints=[f"10.0.0.{n}:80" for n in range(9)])] * 100, 5_000)
    assert text.endswith(f"… and {5_000 - banner.ROWS} more routes")
    assert "10.0.0.0:80, 10.0.0.1:80 +7" in text


def test_no_routes_is_said() -> None:
    assert banner.table([], 0) == "No routes yet: no Ingress of ours was found."


def test_names_from_manifests_cannot_move_the_cursor() -> None:
    assert "\x1b" not in banner.table([_row(path="/\x1b[2J\n")], 1)
    assert len(banner.table([_row(path="/\x1b[2J\n")], 1).splitlines()) == 2


def test_urls_are_those_one_can_open() -> None:
    assert banner.listeners(ADDRESSES).splitlines() == [
        "http    http://127.0.0.1:8080  (on every address of this machine)",
        "https   https://127.0.0.1:8443",
        "health  http://[::1]:10254/readyz  (also /healthz, /livez, /metrics)",
    ]


def test_curl_lines_are_quoted_for_the_shell() -> None:
    line = banner.curl(Request("a.example", "/x?a=1&b=2", tls=True), ADDRESSES, Path("/tmp/my state/dev-ca.pem"))
    assert line == (
        "curl --cacert '/tmp/my state/dev-ca.pem' --resolve a.example:8443:127.0.0.1 'https://a.example:8443/x?a=1&b=2'"
    )


def test_curl_reaches_ipv6() -> None:
    line = banner.curl(Request("a.example", "/", tls=False), {"http": "[::]:80"}, None)
    assert line == "curl --resolve 'a.example:80:[::1]' http://a.example:80/"
