"""The fixtures of the test cluster, for the tests of the cluster itself."""

from tests.cluster.fixtures import cluster, space

__all__ = ["cluster", "space"]
