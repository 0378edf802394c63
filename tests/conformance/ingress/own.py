"""Our own controller on the test cluster: what the suite tests when no other is named.

Installed by the chart, with the permissions that it renders and its own IngressClass, and served by its load balancer.
"""

import contextlib
from collections.abc import Iterator

from tests.cluster.cluster import Cluster
from tests.cluster.fixtures import fresh
from tests.deploy.chart import Chart
from tests.deploy.installation import Installed

REPLICAS = 2


@contextlib.contextmanager
def installed(cluster: Cluster, chart: Chart) -> Iterator[str]:
    """Yield the name of the class that it serves, once every replica is ready."""
    with fresh(cluster, "conformance") as space:
        release = Installed(chart, space, {"controller": {"replicaCount": REPLICAS}})
        try:
            release.wait_ready(REPLICAS)
            space.balanced(release.name)
            yield space.name
        finally:
            release.remove()
