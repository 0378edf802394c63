"""Options of the whole test tree."""

from pathlib import Path

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
    parser.addoption(
        "--garden",
        action="store_true",
        help="send what the gateway forwards on to real servers as well (nginx, HAProxy, Apache, Node, Go, Python's)",
    )
    parser.addoption("--soak", default="5", metavar="SECONDS", help="how long nonsense is sent to a whole gateway")
    parser.addoption("--soak-seed", type=int, help="the seed of that nonsense")
    group = parser.getgroup("conformance", "Ingress conformance of any controller (tests/conformance/ingress)")
    group.addoption("--ingress-class", help="class of the controller (default: our own, installed with --cluster)")
    group.addoption(
        "--kubeconfig", type=Path, help="the cluster that the other controller runs in (default: as kubectl)"
    )
    group.addoption("--context", help="context of the kubeconfig")
    group.addoption("--address", help="address to connect to, if not the one in each Ingress's status")
    group.addoption("--http-port", type=int, default=80)
    group.addoption("--https-port", type=int, default=443)
    group.addoption("--echo-image", help="image of echo-basic, for another controller (tests/conformance/README.md)")
    group.addoption("--wait-for-ingress-status", type=float, default=300.0, metavar="S")
    group.addoption("--wait-for-ready", type=float, default=300.0, metavar="S", help="for pods")
    group.addoption("--wait-for-route", type=float, default=30.0, metavar="S", help="from a status to the first answer")


CLUSTER = ("tests/cluster", "tests/cluster_tests", "tests/deploy/test_api_server.py", "tests/deploy/test_installed.py")


GARDEN = ("tests/wire/test_garden.py",)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needs = (
        ("--cluster", CLUSTER, "needs a Kubernetes control plane: asked for with --cluster"),
        ("--garden", GARDEN, "needs other servers: asked for with --garden"),
    )
    for option, paths, reason in needs:
        if config.getoption(option):
            continue
        for item in items:
            if item.path.relative_to(config.rootpath).as_posix().startswith(paths):
                item.add_marker(pytest.mark.skip(reason=reason))
