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
