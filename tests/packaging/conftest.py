"""These tests compile the whole project several times, so they run only when asked for: `--packaging`."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--packaging"):
        return
    skip = pytest.mark.skip(reason="compiles the project anew: asked for with --packaging, as CI does")
    for item in items:
        if "tests/packaging" in item.path.as_posix():
            item.add_marker(skip)
