"""`sallygate routes`, `backends` and `certs`, from files."""

from base64 import b64encode
from pathlib import Path

from tests.support.pki import Authority
from tests.tools.conftest import SHOP, Run


def test_routes_say_where_they_are_written(folder: Path, sallygate: Run) -> None:
    done = sallygate("routes", folder, "-o", "json")
    assert done.code == 0
    assert done.json["kind"] == "routes/v1"
    rows = [(one["host"], one["path"], one["backend"], one["endpoints"]) for one in done.json["routes"]]
    assert rows == [
        ("shop.example.com", "/cart", "shop/cart:80", ["192.0.2.10:8000"]),
        ("shop.example.com", "/", "shop/web:80", ["192.0.2.11:8000"]),
        ("*.example.com", "/", "other/rest:80", ["192.0.2.12:8000"]),
    ]
    assert [one["origin"].rpartition("/")[2] for one in done.json["routes"]] == [
        "shop.yaml:15:15",
        "shop.yaml:18:15",
        "shop.yaml:33:15",
    ]


def test_one_namespace_can_be_asked_for(folder: Path, sallygate: Run) -> None:
    for command, key in (("routes", "routes"), ("backends", "backends")):
        found = sallygate(command, folder, "-n", "other", "-o", "json").json[key]
        assert len(found) == 1


def test_the_table_is_for_people(folder: Path, sallygate: Run) -> None:
    lines = sallygate("routes", folder).out.splitlines()
    assert lines[0].split() == ["HOST", "PATH", "TYPE", "BACKEND", "ENDPOINTS", "WRITTEN", "IN", "NOTES"]
    assert lines[1].startswith("shop.example.com  /cart  Prefix  shop/cart:80")


def test_backends_say_who_uses_them(folder: Path, sallygate: Run) -> None:
    found = sallygate("backends", folder, "-o", "json").json
    assert found["kind"] == "backends/v1"
    by_name = {one["service"]: one for one in found["backends"]}
    assert by_name["cart"]["endpoints"] == ["192.0.2.10:8000"]
    assert by_name["cart"]["routes"] == 1
    assert by_name["cart"]["objects"] == [{"kind": "Ingress", "namespace": "shop", "name": "shop"}]


def test_certs_say_until_when_and_on_which_hosts_and_never_the_key(folder: Path, sallygate: Run) -> None:
    _with_tls(folder)
    done = sallygate("certs", folder, "-o", "json")
    assert done.code == 0
    (one,) = done.json["certificates"]
    assert one["secret"] == "shop/shop-tls"
    assert "shop.example.com" in one["names"]
    assert one["hosts"] == ["shop.example.com"]
    assert one["days"] > 0
    assert "PRIVATE" not in done.out
    assert "shop/shop-tls" in sallygate("certs", folder).out


def test_a_secret_that_is_missing_is_1_and_told(folder: Path, sallygate: Run) -> None:
    _with_tls(folder)
    (folder / "secret.yaml").unlink()
    done = sallygate("certs", folder)
    assert done.code == 1
    assert "GW260" in done.err


def _with_tls(folder: Path) -> None:
    leaf = Authority("Test CA").issue("shop.example.com")
    tls = "  tls:\n  - {hosts: [shop.example.com], secretName: shop-tls}\n  rules:\n  - host: shop.example.com"
    (folder / "shop.yaml").write_text(SHOP.replace("  rules:\n  - host: shop.example.com", tls))
    (folder / "secret.yaml").write_text(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: shop-tls, namespace: shop}\ndata:\n"
        f"  tls.crt: {b64encode(leaf[0]).decode()}\n  tls.key: {b64encode(leaf[1]).decode()}\n"
    )
