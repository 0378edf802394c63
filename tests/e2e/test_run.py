"""`sallygate run` with a folder of one's own: ready file, probes, metrics, logs, and what a user can do wrong."""

import json
import os
import re
import socket
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.support.manifests import ingress, put, service
from tests.support.origin import Origin
from tests.support.raw_client import RawClient, fetch
from tests.support.site import HOST, Site, get, probe


def test_the_ready_file_says_where_and_who(site: Site) -> None:
    gateway = site.start()
    ready = gateway.ready()
    assert set(ready) == {"http", "https", "health", "pids"}
    assert set(ready["pids"]) == {"supervisor", "control", "dataplane"}
    assert ready["pids"]["supervisor"] == gateway.process.pid
    for name in ("http", "https", "health"):
        with socket.create_connection(gateway.address(name)):
            pass
    for pid in ready["pids"].values():
        os.kill(pid, 0)
    assert gateway.stop() == 0
    assert not gateway.ready_file.exists()


def test_a_service_is_mapped_to_a_server_of_mine(start: Start, tmp_path: Path) -> None:
    put(tmp_path, "app.yaml", f"{ingress('app', HOST, 'web')}---\n{service('web')}")
    with Origin("mine") as mine:
        gateway = start(f"--map=default/web:80={mine.address}", tmp_path / "app.yaml")
        assert get(gateway).text == "mine"
        assert mine.requests[0].header("host") == HOST
        assert gateway.stop() == 0


def test_a_service_without_a_server_answers_503_as_in_a_cluster(start: Start, tmp_path: Path) -> None:
    put(tmp_path, "app.yaml", f"{ingress('app', HOST, 'web')}---\n{service('web')}")
    gateway = start(tmp_path / "app.yaml")
    assert get(gateway).status == 503
    assert fetch(gateway.address("http"), "other.example.com").status == 404
    assert gateway.stop() == 0


def test_a_service_that_leads_to_a_name_is_followed_on_request_and_never_to_this_machine(
    start: Start, tmp_path: Path
) -> None:
    named = service("web").replace("spec:", "spec:\n  type: ExternalName\n  externalName: localhost.")
    put(tmp_path, "app.yaml", f"{ingress('app', HOST, 'web')}---\n{named}")
    gateway = start(tmp_path / "app.yaml")
    gateway.err.wait("names are not followed")
    assert get(gateway).status == 503
    assert gateway.stop() == 0
    gateway = start("--disable-svc-external-name=false", tmp_path / "app.yaml")
    gateway.err.wait("the name localhost leads to .*, which is no address of another machine")
    assert get(gateway).status == 503
    assert gateway.stop() == 0


def test_a_client_connection_serves_so_many_requests_and_says_which_is_the_last(site: Site) -> None:
    gateway = site.start("--keep-alive-requests=2")
    client = RawClient(gateway.address("http"))
    assert [client.get(HOST, "/").header("connection") for _ in range(2)] == [None, "close"]
    client.close()
    assert gateway.stop() == 0


def test_a_mistake_in_an_edit_is_named_by_line_and_column_and_all_is_served_on(site: Site) -> None:
    gateway = site.start()
    seen = gateway.err.count()
    put(site.manifests, "app.yaml", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: [unclosed\n")
    line = gateway.err.wait(r"app\.yaml:\d+:\d+", after=seen)
    assert "error" in line
    assert get(gateway).text == "blue"
    assert probe(gateway, "/readyz").status == 200
    site.point_at(gateway, site.green)
    assert get(gateway).text == "green"
    assert gateway.stop() == 0


def test_probes_say_what_a_cluster_asks(site: Site) -> None:
    gateway = site.start()
    for path in ("/healthz", "/livez", "/readyz", "/readyz?verbose"):
        assert (probe(gateway, path).status, probe(gateway, path).text) == (200, "ok\n")
    assert probe(gateway, "/metrics").header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    assert probe(gateway, "/nonsense").status == 404
    assert gateway.stop() == 0


def test_metrics_count_requests_by_route_and_carry_the_openssl_version(site: Site) -> None:
    gateway = site.start()
    for _ in range(3):
        assert get(gateway).status == 200
    text = probe(gateway, "/metrics").text
    assert re.search(r'^sallygate_build_info\{.*openssl="OpenSSL \d', text, re.MULTILINE)
    counted = re.search(r'^sallygate_requests_total\{(.*status="2xx".*)\} 3$', text, re.MULTILINE)
    assert counted, text
    assert f'host="{HOST}"' in counted[1]
    assert 'ingress="app"' in counted[1]
    assert gateway.stop() == 0


@pytest.mark.parametrize("form", ["json", "upstreaminfo"])
def test_the_access_log_has_a_line_per_request(site: Site, form: str) -> None:
    log = site.state_dir.parent / "access.log"
    gateway = site.start(f"--access-log={log}", f"--access-log-format={form}")
    for number in range(5):
        assert get(gateway, HOST, f"/{number}").status == 200
    assert gateway.stop() == 0
    lines = log.read_text().splitlines()
    assert len(lines) == 5
    if form == "json":
        found = [json.loads(line) for line in lines]
        assert sorted(each["target"] for each in found) == [f"/{number}" for number in range(5)]
        assert {each["status"] for each in found} == {200}
        assert {each["ingress"] for each in found} == {"app"}
        assert {each["upstream_addr"] for each in found} == {site.blue.address}
    else:
        for line in lines:
            assert re.match(r'^127\.0\.0\.1 - - \[[^]]+\] "GET /\d HTTP/1\.1" 200 4 "-" "-" ', line), line
            assert "[default-blue-80]" in line


def test_an_occupied_port_is_named_with_its_flag_and_its_holder(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = start(f"--https-port={port}", tmp_path)
        assert gateway.wait() == 1
    error = gateway.err.text()
    assert f"--https-port {port}: 127.0.0.1:{port} is in use by" in error
    assert f"(pid {os.getpid()})" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["{folder}/none.yaml"], None, "none.yaml"),
        (["--map=nonsense", "{folder}"], 2, "--map"),
        (["--map=default/web=1.2.3.4:99999", "{folder}"], 2, "--map"),
        (["--bind-address=192.0.2.1", "{folder}"], 1, "--bind-address 192.0.2.1"),
        (["--access-log={folder}/none/log", "{folder}"], 1, "none/log"),
        (["--kubeconfig={folder}/none"], 2, "none: "),
        (["--kubeconfig={folder}/none", "{folder}"], 2, "give one or the other"),
    ],
    ids=[
        "no such path",
        "bad map",
        "bad port in map",
        "no such address",
        "no such log folder",
        "no kubeconfig",
        "both",
    ],
)
def test_a_wrong_start_says_what_is_wrong(
    start: Start, tmp_path: Path, arguments: list[str], code: int | None, why: str
) -> None:
    gateway = start(*(each.format(folder=tmp_path) for each in arguments))
    if code is None:  # a path may appear later: it is served without, and said
        gateway.err.wait(re.escape(why))
        assert gateway.stop() == 0
    else:
        assert gateway.wait() == code
    assert why in gateway.err.text()
    assert "Traceback" not in gateway.err.text()
