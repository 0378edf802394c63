"""What the contenders are told, and that they are told the same."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.manifests import FOLDERS, ManyRoutes, two_hosts
from bench.measures.work import REQUIRED
from bench.peers import PEERS, USUAL, envoy, haproxy, nginx
from bench.peers.peer import Site
from bench.traffic import HOSTS

SITE = Site(backend="127.0.0.1:9", folder=Path("/place"), tools=Path("/tools"))


def nginx_text(log: nginx.Log) -> str:
    return nginx.configuration(SITE, "127.0.0.1:8", log, user=None, files=20000)


def haproxy_text(log: haproxy.Log) -> str:
    return haproxy.configuration(SITE, "127.0.0.1:8", log, files=20000)


def envoy_text() -> str:
    return json.dumps(envoy.configuration(SITE, "127.0.0.1:8"))


@pytest.mark.parametrize("text", [nginx_text("buffered"), haproxy_text("file")])
def test_every_peer_serves_the_hosts_and_adds_the_headers(text: str) -> None:
    for host in HOSTS:
        assert host in text
    # HAProxy's own option adds X-Forwarded-For.
    for header in REQUIRED - {"x-forwarded-for"}:
        assert header in text.lower()
    assert "x-forwarded-for" in text.lower() or "option forwardfor" in text
    assert "127.0.0.1:9" in text


def test_nginx_keeps_its_upstream_connections() -> None:
    text = nginx_text("buffered")
    assert "keepalive 1024;" in text
    assert "proxy_http_version 1.1;" in text
    assert 'proxy_set_header Connection "";' in text
    assert "keepalive_requests 1000000000;" in text


def test_nginx_logs_as_it_is_told() -> None:
    assert "access_log /place/access.log upstreaminfo buffer=64k flush=1s;" in nginx_text("buffered")
    assert "access_log /place/access.log upstreaminfo;" in nginx_text("unbuffered")
    assert "access_log off;" in nginx_text("off")


def test_nginx_as_root_names_the_user_of_its_worker() -> None:
    text = nginx.configuration(SITE, "127.0.0.1:8", "off", user="root root", files=20000)
    assert "user root root;" in text


def test_haproxy_reuses_and_logs_as_it_is_told() -> None:
    assert "http-reuse always" in haproxy_text("off")
    assert "log stdout" in haproxy_text("file")
    assert "option httplog" in haproxy_text("file")
    assert "log" not in haproxy_text("off").replace("backlog", "")


def test_envoy_adds_what_it_does_not_do_by_itself_and_stops_for_nothing() -> None:
    text = envoy_text()
    for host in HOSTS:
        assert f'"{host}"' in text
    # Its own doing: X-Request-ID, X-Forwarded-Proto, and with use_remote_address X-Forwarded-For.
    for header in REQUIRED - {"x-forwarded-for", "x-forwarded-proto", "x-request-id"}:
        assert header in text.lower()
    for words in ('"use_remote_address": true', '"timeout": "0s"', '"path": "/place/access.log"', '"port_value": 9'):
        assert words in text


def test_nginx_carries_large_bodies_without_a_file() -> None:
    text = nginx_text("buffered")
    assert "location /__bytes/" in text
    assert "proxy_request_buffering off;" in text
    assert "proxy_max_temp_file_size 0;" in text


def test_braces_of_the_configurations_are_balanced() -> None:
    for text in (nginx_text("buffered"), haproxy_text("file")):
        assert text.count("{") == text.count("}")


def test_the_usual_contenders_exist_and_say_what_they_do() -> None:
    assert set(USUAL) <= set(PEERS)
    assert all(peer.title and peer.name == name for name, peer in PEERS.items())


def test_a_missing_program_is_a_reason_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "find_program", lambda _: None)
    assert PEERS["nginx"].missing() == "not installed"


@pytest.mark.parametrize("name", ["nginx-newest", "envoy"])
def test_a_contender_from_a_package_says_which(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"bench.peers.{name.partition('-')[0]}.find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert (PEERS[name].missing() or "").startswith("not installed: `pip install ")


def documents(file: Path) -> list[dict[str, object]]:
    return list(yaml.safe_load_all(file.read_text()))


def test_two_hosts_are_manifests(tmp_path: Path) -> None:
    two_hosts(tmp_path / "manifests")
    kinds = [document["kind"] for document in documents(tmp_path / "manifests/hosts.yaml")]
    assert kinds == ["IngressClass", "Service", "Service", "Ingress", "Ingress"]


def test_our_uploads_are_streamed_as_those_of_the_others(tmp_path: Path) -> None:
    two_hosts(tmp_path / "manifests")
    text = (tmp_path / "manifests/hosts.yaml").read_text()
    assert text.count('"nginx.ingress.kubernetes.io/proxy-request-buffering": "off"') == len(HOSTS)
    assert "proxy_request_buffering off;" in nginx_text("buffered")


def test_many_routes_are_as_many_as_asked_for_and_one_of_them_changes(tmp_path: Path) -> None:
    routes = ManyRoutes(tmp_path / "many", 60, routes_per_host=20)
    files = sorted((tmp_path / "many").glob("host-*.yaml"))
    assert len(files) == routes.hosts == 3
    before = {file: file.read_text() for file in files}
    assert sum(text.count('"pathType"') for text in before.values()) == 60
    routes.change("two")
    changed = [file for file in files if file.read_text() != before[file]]
    assert [file.stem for file in changed] == [f"host-{routes.changing}"]
    assert not list((tmp_path / "many").glob(".*"))


@pytest.mark.parametrize("name", FOLDERS)
def test_what_ours_is_counted_with_is_served_as_it_stands(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    FOLDERS[name](folder)
    command = [sys.executable, "-m", "gateway", "validate", "--fail-on", "warning", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
