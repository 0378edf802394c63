"""Manifests that break while they are served: each is named, nothing else stops, and the next good edit counts."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.load import Load
from tests.support.manifests import ingress, put, service
from tests.support.site import HOST, Site, get, probe, until

OTHER = "other.example.com"
ANNOTATION_BYTES = 10 * 1024 * 1024


def _text(text: str) -> Callable[[Path], None]:
    return lambda path: put(path.parent, path.name, text)


def _link_to_itself(path: Path) -> None:
    temporary = path.with_name(".new")
    temporary.symlink_to(path.name)
    temporary.replace(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _not_utf8(path: Path) -> None:
    temporary = path.with_name(".new")
    temporary.write_bytes(b"apiVersion: v1\nkind: \xff\xfe\n")
    temporary.replace(path)


GOOD = ingress("app", HOST, "blue")
HUGE = ingress("app", HOST, "green", annotations={"nginx.ingress.kubernetes.io/rewrite-target": "x" * ANNOTATION_BYTES})


class Mistake(NamedTuple):
    do: Callable[[Path], None]
    says: str


# What the file said before is served on, because what it says now cannot be known.
MISTAKES = {
    "malformed YAML": Mistake(_text("kind: Ingress\nmetadata: {name: [\n"), r"^error GW120 \S+app\.yaml:\d+:\d+"),
    "YAML that is no object": Mistake(_text("- just\n- a list\n"), r"^error GW100 \S+app\.yaml:1:1"),
    "not UTF-8": Mistake(_not_utf8, r"^error GW120 \S+app\.yaml:2:7"),
    "unreadable": Mistake(_link_to_itself, r"^error GW124 \S+app\.yaml"),
    "a folder in its place": Mistake(_folder, r"^error GW124 \S+app\.yaml"),
    "a wrong type": Mistake(
        _text(GOOD.replace("rules:", "rules: 5\n  other:")), r"^error GW104 \S+app\.yaml:\d+:\d+ Ingress default/app"
    ),
    "a number for a text": Mistake(
        _text(GOOD.replace("annotations: {}", "annotations: {a: 5}")), r"^error GW107 \S+app\.yaml:\d+:\d+"
    ),
    "10 MB of annotation": Mistake(_text(HUGE), r"^error GW108 \S+app\.yaml:\d+:\d+ Ingress default/app"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_and_all_is_served_on(site: Site, mistake: Mistake) -> None:
    put(site.manifests, "other.yaml", ingress("other", OTHER, "green"))
    gateway = site.start()
    manifest = site.manifests / "app.yaml"
    with (
        Load(gateway.address("http"), HOST, "blue", clients=2) as load,
        Load(gateway.address("http"), OTHER, "green", clients=2) as others,
    ):
        seen = gateway.err.count()
        mistake.do(manifest)
        line = gateway.err.wait(mistake.says, after=seen)
        load.wait_for(40)
        others.wait_for(40)
    assert load.failures == []
    assert others.failures == []
    assert len(line) < 2_000
    assert probe(gateway, "/readyz").status == 200
    if manifest.is_dir():
        manifest.rmdir()  # no file can be renamed over it
    site.point_at(gateway, site.green)
    assert get(gateway).text == "green"
    gateway.err.wait(r"^resolved ", after=seen)
    assert gateway.stop() == 0
    assert "internal error" not in gateway.err.text()


def test_a_file_that_vanishes_takes_its_objects_and_no_others(site: Site) -> None:
    put(site.manifests, "other.yaml", ingress("other", OTHER, "green"))
    gateway = site.start()
    with Load(gateway.address("http"), OTHER, "green") as load:
        (site.manifests / "app.yaml").unlink()
        until(lambda: get(gateway).status == 404)
        load.wait_for(40)
    assert load.failures == []
    site.point_at(gateway, site.green)
    assert get(gateway).text == "green"
    assert gateway.stop() == 0


def test_a_whole_folder_may_vanish_and_return(site: Site) -> None:
    gateway = site.start()
    away = site.manifests.with_name("elsewhere")
    seen = gateway.err.count()
    site.manifests.rename(away)
    gateway.err.wait(r"^error GW125 ", after=seen)
    until(lambda: get(gateway).status == 404)
    away.rename(site.manifests)
    until(lambda: get(gateway).status == 200)
    assert get(gateway).text == "blue"
    assert gateway.stop() == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ingress("bad", "not_a_host", "blue"), "not_a_host"),
        (ingress("bad", "bad.example.com", "blue", path="no-slash"), "no-slash"),
        (ingress("bad", "bad.example.com", "blue").replace("pathType: Prefix", "pathType: Perhaps"), "Perhaps"),
        (ingress("bad", "bad.example.com", "blue").replace("spec:", "spec:\n  nonsense: 1"), "nonsense"),
        (ingress("bad", "bad.example.com", "nowhere"), "nowhere"),
        (service("blue"), "defined at"),
    ],
    ids=["bad host", "bad path", "bad path type", "unknown field", "no such Service", "defined twice"],
)
def test_a_bad_object_beside_good_ones_is_named(site: Site, text: str, says: str) -> None:
    gateway = site.start()
    with Load(gateway.address("http"), HOST, "blue") as load:
        seen = gateway.err.count()
        put(site.manifests, "zz-bad.yaml", text)
        line = gateway.err.wait(rf"^(error|warning) GW\d+ \S+zz-bad\.yaml:\d+:\d+ .*{says}", after=seen)
        load.wait_for(40)
    assert load.failures == []
    assert "internal error" not in line
    assert gateway.stop() == 0
