"""The table of behaviours names tests that exist, and waits for nothing that is there."""

import re
from collections import Counter
from pathlib import Path

import pytest

from gateway.translate.configmap.table import BY_NAME as OPTIONS
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.table import BY_NAME as ANNOTATIONS
from tests.compare_nginx.scenes.table import SCENES
from tests.ingress_nginx.behaviours import BEHAVIOURS, Behaviour

TESTS = Path(__file__).parents[1]
SCENE_NAMES = {scene.name for scene in SCENES}


def exists(held: str) -> bool:
    place, _, name = held.partition(" ")
    if place == "scene":
        return name in SCENE_NAMES
    if place == "golden":
        return (TESTS / "golden" / name / "in.yaml").exists()
    file = TESTS / place
    return file.exists() and re.search(rf"^\s*(async )?def {name}\(", file.read_text(), re.MULTILINE) is not None


def supported(name: str) -> bool:
    """Of an annotation or an option."""
    row = ANNOTATIONS.get(name) or OPTIONS[name]
    return row.support is Support.SUPPORTED


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda one: one.what)
def test_it_is_held(behaviour: Behaviour) -> None:
    assert [held for held in behaviour.held if not exists(held)] == []
    if not behaviour.held:
        assert behaviour.awaits
        waiting = [name for name in behaviour.awaits if not supported(name)]
        assert waiting, f"{', '.join(behaviour.awaits)} is supported by now: name the tests"
    else:
        assert not behaviour.awaits


def test_each_stands_once() -> None:
    assert [what for what, count in Counter(one.what for one in BEHAVIOURS).items() if count > 1] == []


def test_every_scene_holds_something() -> None:
    named = {held.removeprefix("scene ") for one in BEHAVIOURS for held in one.held if held.startswith("scene ")}
    general = {"query", "answers", "listed-tls", "counted", "gone", "wire", "accepted"}  # of nobody in particular
    assert named | general == SCENE_NAMES
