"""The fixtures of the test cluster, for tests of the gateway on it."""

from tests.cluster.fixtures import cluster, space

__all__ = ["cluster", "space"]
