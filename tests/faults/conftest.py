"""What every fault is tried on: a gateway in front of two upstreams."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.site import Site
from tests.support.site import site as make_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path) as it:
        yield it
