"""The same commands with a cluster as source: they read it once, Secrets that are referred to included, and leave."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_cluster import HOST, apply_ingress, apply_secret
from tests.support.api_thread import ApiThread, api_thread
from tests.support.pki import Authority
from tests.tools.conftest import Run


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiThread]:
    with api_thread(tmp_path) as it:
        it.call(lambda server: server.apply("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"}))
        it.call(lambda server: server.apply("Service", "shop", spec={"ports": [{"port": 80, "name": "http"}]}))
        it.call(lambda server: apply_ingress(server, tls=[{"hosts": [HOST], "secretName": "shop-tls"}]))
        yield it


def test_a_cluster_is_judged_with_its_secrets(api: ApiThread, sallygate: Run) -> None:
    arguments = ("validate", "-A", "--kubeconfig", api.kubeconfig, "-o", "json")
    before = sallygate(*arguments)
    assert before.code == 1
    assert {one["code"] for one in before.json["findings"]} == {"GW242", "GW260"}
    assert f"watching {api.call(lambda server: server.url)}" in before.err
    api.call(lambda server: apply_secret(server, "shop-tls", Authority()))
    after = sallygate(*arguments)
    assert {one["code"] for one in after.json["findings"]} == {"GW242"}
    certs = sallygate("certs", "--kubeconfig", api.kubeconfig, "-o", "json")
    assert [one["secret"] for one in certs.json["certificates"]] == ["default/shop-tls"]


def test_one_namespace_is_read_with_rights_in_it_alone(api: ApiThread, sallygate: Run) -> None:
    done = sallygate("routes", "-n", "default", "--kubeconfig", api.kubeconfig, "-o", "json")
    assert [one["host"] for one in done.json["routes"]] == [HOST]
    seen = api.call(lambda server: [one for one in server.seen if one.resource == "ingresses"])
    assert seen
    assert {one.namespace for one in seen} == {"default"}


def test_a_request_is_explained_from_a_cluster(api: ApiThread, sallygate: Run) -> None:
    done = sallygate("explain", f"http://{HOST}/", "--kubeconfig", api.kubeconfig, "-o", "json")
    assert done.json["winner"]["object"] == {"kind": "Ingress", "namespace": "default", "name": "shop"}
    assert done.json["outcome"]["kind"] == "redirect"


def test_a_cluster_that_cannot_be_reached_is_2(tmp_path: Path, sallygate: Run) -> None:
    done = sallygate("validate", "--kubeconfig", tmp_path / "none")
    assert (done.code, done.out) == (2, "")
    assert "or name a PATH of manifests" in done.err
