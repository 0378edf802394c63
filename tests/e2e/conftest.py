"""Gateways for tests from end to end: a site of two upstreams, or the demo."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.gateway_process import Gateway
from tests.support.site import Site
from tests.support.site import site as make_site

Start = Callable[..., Gateway]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path) as it:
        yield it


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `sallygate run` with these arguments; it is gone when the test is over."""
    with contextlib.ExitStack() as stack:

        def it(*arguments: str | Path) -> Gateway:
            gateway = Gateway(tmp_path, *arguments)
            stack.callback(gateway.close)
            return gateway

        yield it
