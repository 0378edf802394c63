"""What is tested: the Ingress controller that the options name, in a cluster that runs already."""

from collections.abc import Iterator

import pytest

from tests.conformance.ingress.cluster import Cluster
from tests.conformance.ingress.scenario import Scenario, Target


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    option = request.config.getoption
    if option("--ingress-class") is None:
        pytest.skip("asked for with --ingress-class: the class of the controller that is tested")
    cluster = Cluster(option("--kubeconfig"), option("--context"))
    yield Target(
        cluster=cluster,
        ingress_class=option("--ingress-class"),
        echo_image=option("--echo-image"),
        address=option("--address"),
        http_port=option("--http-port"),
        https_port=option("--https-port"),
        wait_for_status=option("--wait-for-ingress-status"),
        wait_for_ready=option("--wait-for-ready"),
        wait_for_route=option("--wait-for-route"),
    )
    cluster.close()


@pytest.fixture
def scenario(target: Target) -> Iterator[Scenario]:
    with target.cluster.namespace() as namespace:
        yield Scenario(target, namespace)
