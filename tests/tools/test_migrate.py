"""`sallygate migrate report` and `annotations`."""

import re
from html.parser import HTMLParser
from pathlib import Path

from gateway.translate.configmap.table import TABLE as OPTIONS
from gateway.translate.ingress.annotations.table import TABLE as ANNOTATIONS
from tests.tools.conftest import SHOP, Run

OLD = (
    SHOP.replace(
        '    nginx.ingress.kubernetes.io/proxy-read-timeout: "7"\n',
        '    nginx.ingress.kubernetes.io/proxy-read-timeout: "7"\n'
        "    nginx.ingress.kubernetes.io/configuration-snippet: |\n"
        '      more_set_headers "X-Frame-Options: DENY";\n'
        "      if ($http_x) { return 403; }\n",
    )
    + """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data:
  proxy-body-size: 20m
  server-name-hash-bucket-size: "256"
  http-snippet: "add_header X-A 1;"
  made-up: "1"
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: foreign, namespace: shop}
spec:
  ingressClassName: traefik
  rules: []
"""
)


def _report(folder: Path, sallygate: Run, *flags: str) -> dict[str, dict[str, str]]:
    (folder / "shop.yaml").write_text(OLD)
    done = sallygate("migrate", "report", folder, "-o", "json", *flags)
    assert done.code == 1
    return {
        one["object"]["name"]: {item["field"]: item["judgement"] for item in one["items"]}
        for one in done.json["subjects"]
    }


def test_everything_works_is_0(folder: Path, sallygate: Run) -> None:
    done = sallygate("migrate", "report", folder, "-o", "json")
    assert done.code == 0
    assert done.json["kind"] == "migrate-report/v1"
    assert done.json["objects"] == {"works": 2, "works differently": 0, "needs a change": 0}


def test_each_annotation_and_each_key_is_judged(folder: Path, sallygate: Run) -> None:
    found = _report(folder, sallygate)
    assert list(found) == ["ingress-nginx-controller", "shop", "wild"]
    prefix = "metadata.annotations[nginx.ingress.kubernetes.io"
    assert found["shop"] == {
        f"{prefix}/configuration-snippet]": "needs a change",
        f"{prefix}/proxy-body-size]": "works",
        f"{prefix}/proxy-read-timeout]": "works",
    }
    assert found["ingress-nginx-controller"] == {
        "data[http-snippet]": "needs a change",
        "data[proxy-body-size]": "works",
        "data[server-name-hash-bucket-size]": "works",
        "data[made-up]": "works",
    }


def test_foreign_ingresses_are_not_judged(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(OLD)
    found = sallygate("migrate", "report", folder, "-o", "json").json
    assert found["foreign"] == [{"kind": "Ingress", "namespace": "shop", "name": "foreign"}]


def test_a_snippet_is_answered_directive_by_directive(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(OLD)
    done = sallygate("migrate", "report", folder)
    assert "more_set_headers X-Frame-Options: DENY → custom-headers" in done.out
    assert "return 403 → denylist-source-range" in done.out


def test_markdown_has_a_table_for_each_object(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(OLD)
    text = sallygate("migrate", "report", folder, "-o", "markdown").out
    assert "| 🛑 needs a change | 2 | 2 |" in text
    assert "## 🛑 Ingress shop/shop" in text
    assert all(line.count("|") >= 6 for line in text.splitlines() if line.startswith("| 🛑 `"))


class _Loads(HTMLParser):
    """What a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "action"}]
        self.found += [tag] if tag in {"script", "link", "iframe", "object", "img"} else []
        self.found += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_file_that_loads_nothing(folder: Path, sallygate: Run) -> None:
    hostile = OLD.replace("proxy-body-size: 3m", "proxy-body-size: '<script>alert(1)</script>'")
    (folder / "shop.yaml").write_text(hostile)
    text = sallygate("migrate", "report", folder, "-o", "html").out
    page = _Loads()
    page.feed(text)
    page.close()
    assert page.found == []
    assert page.open == []
    assert "&lt;script&gt;" in text
    assert "url(" not in text
    assert re.search(r"<strong>2</strong>", text)


def test_every_annotation_and_every_option_is_listed(sallygate: Run) -> None:
    found = sallygate("annotations", "-o", "json").json
    assert len(found["entries"]) == len(ANNOTATIONS)
    options = sallygate("annotations", "--options", "-o", "json").json
    assert len(options["entries"]) == len(OPTIONS)


def test_one_annotation_is_told_with_or_without_its_prefix(sallygate: Run) -> None:
    short = sallygate("annotations", "proxy-body-size")
    assert short.code == 0
    assert short.out == sallygate("annotations", "nginx.ingress.kubernetes.io/proxy-body-size").out
    done = sallygate("annotations", "proxy-bodysize")
    assert (done.code, done.out) == (2, "")
    assert "did you mean proxy-body-size?" in done.err
