"""The lock files of the workspaces beside the main one know what the crates that they build depend on.

They are built with `--locked`, but rarely: without this, nobody sees for weeks that they cannot be.
"""

import tomllib
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "_core"
ASIDE = sorted(path.parent for path in CORE.glob("*/Cargo.lock"))


def test_there_are_some() -> None:
    assert CORE / "fuzz" in ASIDE


@pytest.mark.parametrize("workspace", ASIDE, ids=lambda path: path.name)
def test_a_lock_file_is_up_to_date(workspace: Path) -> None:
    locked = {
        package["name"]: {each.split()[0] for each in package.get("dependencies", ())}
        for package in tomllib.loads((workspace / "Cargo.lock").read_text())["package"]
    }
    wanted = {}
    for manifest in [workspace / "Cargo.toml", *CORE.glob("*/Cargo.toml")]:
        stated = tomllib.loads(manifest.read_text())
        if "package" in stated and stated["package"]["name"] in locked:
            wanted[stated["package"]["name"]] = set(stated.get("dependencies", {}))
    assert {name: needed - locked[name] for name, needed in wanted.items() if needed - locked[name]} == {}
