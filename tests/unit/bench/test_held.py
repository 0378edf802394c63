"""How many connections can be held with so many files."""

import re
from pathlib import Path

import pytest

from bench.measures.held import KEPT_PER_CENT, files_for, holdable

ENGINE = Path(__file__).parents[3] / "_core/engine/src/proxy/worker.rs"


def test_the_share_is_the_engines() -> None:
    found = re.search(r"const SHED_PER_CENT: usize = (\d+);", ENGINE.read_text())
    assert found
    assert int(found[1]) == KEPT_PER_CENT


def test_twenty_thousand_files_hold_nearly_sixteen_thousand() -> None:
    assert holdable(20_000) == 15_986


@pytest.mark.parametrize("connections", [1, 80, 9_999, 15_986, 20_000, 65_000])
def test_so_many_files_are_asked_for_as_are_needed_and_few_more(connections: int) -> None:
    files = files_for(connections)
    assert holdable(files) >= connections
    assert holdable(files - 6) < connections + 2
