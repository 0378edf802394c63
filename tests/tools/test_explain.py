"""`sallygate explain`: the winner, its rivals, what it does and why, and what the upstream receives."""

from pathlib import Path
from typing import Any

import pytest

from tests.tools.conftest import SHOP, Run

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: options, namespace: ingress}
data:
  proxy-connect-timeout: "9"
  hsts-max-age: "60"
"""


def _rivals(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["route"]["action"], one["why"]) for one in found["rivals"]]


def test_the_winner_and_why_each_rival_lost(folder: Path, sallygate: Run) -> None:
    done = sallygate("explain", "http://shop.example.com/cart/1?x=2", "-f", folder, "-o", "json")
    assert done.code == 0
    found = done.json
    assert found["kind"] == "explain/v1"
    assert found["winner"]["path"] == "/cart"
    assert found["winner"]["action"] == "forward to shop/cart:80"
    assert found["winner"]["origin"].endswith("shop.yaml:15:15")
    assert _rivals(found) == [
        ("forward to shop/web:80", "its prefix is shorter: the longest one that matches is taken"),
        (
            "forward to other/rest:80",
            "its path matches, but shop.example.com has routes of its own, and then no other host is asked",
        ),
    ]
    assert found["target"]["endpoints"] == ["192.0.2.10:8000"]


def test_a_path_that_does_not_match_is_said_to(folder: Path, sallygate: Run) -> None:
    found = sallygate("explain", "http://shop.example.com/cartoon", "-f", folder, "-o", "json").json
    assert found["winner"]["path"] == "/"
    assert ("forward to shop/cart:80", "its path does not match /cartoon") in _rivals(found)


def test_each_setting_names_the_annotation_and_its_line(folder: Path, sallygate: Run) -> None:
    found = sallygate("explain", "http://shop.example.com/", "-f", folder, "-o", "json").json
    settings = {one["name"]: one for one in found["settings"]}
    timeout = settings["timeouts.read_ms"]
    assert timeout["value"] == "7000"
    (source,) = timeout["sources"]
    assert source["field"] == "metadata.annotations[nginx.ingress.kubernetes.io/proxy-read-timeout]"
    assert source["value"] == "7"
    assert source["origin"].rpartition("/")[2].startswith("shop.yaml:7:")
    assert settings["body_limit_bytes"]["value"] == str(3 << 20)
    assert settings["timeouts.connect_ms"] == {"name": "timeouts.connect_ms", "value": "5000", "sources": []}


def test_an_option_of_the_config_map_is_a_cause_too(folder: Path, sallygate: Run) -> None:
    (folder / "options.yaml").write_text(CONFIG)
    arguments = ("explain", "http://shop.example.com/", "-f", folder, "--configmap=ingress/options", "-o", "json")
    settings = {one["name"]: one for one in sallygate(*arguments).json["settings"]}
    assert settings["timeouts.connect_ms"]["value"] == "9000"
    (source,) = settings["timeouts.connect_ms"]["sources"]
    assert (source["object"]["kind"], source["field"], source["value"]) == (
        "ConfigMap",
        "data[proxy-connect-timeout]",
        "9",
    )
    assert source["origin"].endswith("options.yaml:5:26")
    assert settings["hsts"]["value"] == "max-age=60; includeSubDomains"


def test_it_says_that_answers_are_compressed(folder: Path, sallygate: Run) -> None:
    (folder / "options.yaml").write_text(CONFIG.rstrip() + '\n  use-gzip: "true"\n  gzip-level: "5"\n')
    arguments = ("explain", "http://shop.example.com/", "-f", folder, "--configmap=ingress/options", "-o", "json")
    settings = {one["name"]: one for one in sallygate(*arguments).json["settings"]}
    asked = settings["filters.compression.gzip.level"]
    assert asked["value"] == "5"
    assert [source["field"] for source in asked["sources"]] == ["data[gzip-level]", "data[use-gzip]"]
    assert settings["filters.compression.gzip.min_length"]["value"] == "256"


def test_the_upstream_gets_what_the_data_plane_writes(folder: Path, sallygate: Run) -> None:
    done = sallygate(
        "explain",
        "https://shop.example.com/a%20b?x=2",
        "-X=POST",
        "-H",
        "Cookie: a=b",
        "-H",
        "X-Real-IP: 6.6.6.6",
        "--client-ip=198.51.100.7",
        "--body-bytes=3",
        "-f",
        folder,
        "-o",
        "json",
    )
    lines = done.json["outcome"]["head"].split("\r\n")
    assert lines[0] == "POST /a%20b?x=2 HTTP/1.1"
    assert "X-Real-IP: 198.51.100.7" in lines
    assert "X-Forwarded-Proto: https" in lines
    assert "Cookie: a=b" in lines
    assert "Content-Length: 3" in lines
    assert not any("6.6.6.6" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["http://nobody.test/"], 404, "no_route"),
        (["http://shop.example.com/%zz"], 400, "bad_path"),
        (["http://shop.example.com/", "--body-bytes=99999999"], 413, "body_too_large"),
    ],
)
def test_what_is_refused_is_1(arguments: list[str], status: int, code: str, folder: Path, sallygate: Run) -> None:
    done = sallygate("explain", *arguments, "-f", folder, "-o", "json")
    assert done.code == 1
    assert done.json["outcome"] == {"kind": "fail", "status": status, "code": code}


def test_a_redirect_to_https_is_told_with_its_cause(folder: Path, sallygate: Run) -> None:
    forced = SHOP.replace("proxy-body-size: 3m", 'force-ssl-redirect: "true"')
    (folder / "shop.yaml").write_text(forced)
    found = sallygate("explain", "http://shop.example.com/cart?a=1", "-f", folder, "-o", "json").json
    assert found["outcome"] == {
        "kind": "redirect",
        "status": 308,
        "location": "https://shop.example.com/cart?a=1",
    }
    settings = {one["name"]: one for one in found["settings"]}
    (source,) = settings["https_redirect.status"]["sources"]
    assert source["field"].endswith("/force-ssl-redirect]")


def test_a_rewrite_is_done_by_the_data_plane(folder: Path, sallygate: Run) -> None:
    text = SHOP.replace("proxy-body-size: 3m", "rewrite-target: /$2").replace("path: /cart", "path: /cart(/|$)(.*)")
    (folder / "shop.yaml").write_text(text.replace("pathType: Prefix", "pathType: ImplementationSpecific"))
    found = sallygate("explain", "http://shop.example.com/cart/x", "-f", folder, "-o", "json").json
    assert found["outcome"]["head"].startswith("GET /x HTTP/1.1\r\n")
    assert found["winner"]["type"] == "Regex"


def test_paths_that_are_not_served_are_told(folder: Path, sallygate: Run) -> None:
    double = SHOP.replace("name: shop\n", "name: younger\n").partition("---")[0]
    (folder / "younger.yaml").write_text(double)
    found = sallygate("explain", "http://shop.example.com/cart", "-f", folder, "-o", "json").json
    assert {one["code"] for one in found["unserved"]} == {"GW225"}


def test_text_for_people_has_all_of_it(folder: Path, sallygate: Run) -> None:
    text = sallygate("explain", "shop.example.com/cart", "-f", folder).out
    for part in (
        "✓ Ingress shop/shop",
        "✗ Ingress other/wild",
        "proxy-read-timeout",
        "The upstream receives",
        "GET /cart",
    ):
        assert part in text


@pytest.mark.parametrize(
    "arguments", [["no url"], ["ftp://x/"], ["http://x/", "-H", "nonsense"], ["http://x/", "--client-ip=x"]]
)
def test_what_is_no_request_is_2(arguments: list[str], folder: Path, sallygate: Run) -> None:
    done = sallygate("explain", *arguments, "-f", folder)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("sallygate: ")


def test_a_client_that_is_blocked_and_the_option_that_does_it(folder: Path, sallygate: Run) -> None:
    (folder / "options.yaml").write_text(f'{CONFIG}  block-user-agents: "~*bot"\n')
    flags = ("--configmap=ingress/options", "-f", folder, "-o", "json")
    url = "http://shop.example.com/"
    assert sallygate("explain", url, *flags).json["outcome"]["head"]
    found = sallygate("explain", url, "-H=User-Agent: some Bot", *flags).json
    assert found["outcome"] == {"kind": "fail", "status": 403, "code": "blocked_client"}
    settings = {one["name"]: one for one in found["settings"]}
    (source,) = settings["filters.blocked.user_agents.patterns_in_any_case"]["sources"]
    assert (source["field"], source["value"]) == ("data[block-user-agents]", "~*bot")
