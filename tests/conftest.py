"""Options of the whole test tree."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--packaging", action="store_true", help="build and install the project in every way (minutes)")
    parser.addoption(
        "--image",
        nargs="?",
        const="",
        metavar="WHEELS",
        help="build and run the container image (root, minutes); from the wheels in this folder, or built anew",
    )
    parser.addoption(
        "--cluster",
        action="store_true",
        help="start a Kubernetes control plane for the tests that need one (root, Go; minutes to build once)",
    )


CLUSTER = ("tests/cluster", "tests/cluster_tests", "tests/deploy/test_api_server.py", "tests/deploy/test_installed.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--cluster"):
        return
    skip = pytest.mark.skip(reason="needs a Kubernetes control plane: asked for with --cluster")
    for item in items:
        if item.path.relative_to(config.rootpath).as_posix().startswith(CLUSTER):
            item.add_marker(skip)
