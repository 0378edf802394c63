"""What is tested: the Ingress controller that the options name, or our own on the test cluster."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.cluster.fixtures import cluster  # noqa: F401 -- a fixture
from tests.conformance.ingress.cluster import Cluster
from tests.conformance.ingress.own import installed
from tests.conformance.ingress.scenario import Scenario, Target
from tests.deploy.chart import Chart
from tests.deploy.helm_program import HelmMissingError, program

SCENARIO_SECONDS = 900.0  # more than all that the options let one scenario wait, so that it says itself what was late


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/conformance" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(SCENARIO_SECONDS), append=False)


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    option = request.config.getoption
    name, kubeconfig, image = option("--ingress-class"), option("--kubeconfig"), option("--echo-image")
    with contextlib.ExitStack() as stack:
        if name is None:
            if not option("--cluster"):
                pytest.skip("asked for with --cluster, or of another controller with --ingress-class")
            rig = request.getfixturevalue("cluster")
            try:
                chart = Chart(program())
            except HelmMissingError as missing:
                pytest.skip(str(missing))
            kubeconfig, image = rig.kubeconfig, "echo"
            served = stack.enter_context(installed(rig, chart))
        elif image is None:
            pytest.fail("--echo-image is wanted: an image of the echo server that nodes of the cluster can pull")
        else:
            served = name
        its = Cluster(kubeconfig, option("--context"))
        stack.callback(its.close)
        yield Target(
            cluster=its,
            ingress_class=served,
            own=name is None,
            echo_image=image,
            address=option("--address"),
            http_port=option("--http-port"),
            https_port=option("--https-port"),
            wait_for_status=option("--wait-for-ingress-status"),
            wait_for_ready=option("--wait-for-ready"),
            wait_for_route=option("--wait-for-route"),
        )


@pytest.fixture
def scenario(target: Target) -> Iterator[Scenario]:
    with target.cluster.namespace() as namespace:
        given = Scenario(target, namespace)
        try:
            yield given
        finally:
            given.end()
