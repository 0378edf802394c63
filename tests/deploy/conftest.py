"""The chart, rendered by a real helm. Without helm and without Go these tests are skipped, and say so."""

import pytest

from tests.cluster.fixtures import cluster, space  # noqa: F401 -- fixtures
from tests.deploy.chart import Chart
from tests.deploy.helm_program import BUILD_SECONDS, HelmMissingError, program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/deploy" in item.path.as_posix():
            # The first of them may have to build helm.
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS), append=False)


@pytest.fixture(scope="session")
def chart() -> Chart:
    try:
        return Chart(program())
    except HelmMissingError as missing:
        pytest.skip(str(missing))
