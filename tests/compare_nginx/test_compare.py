"""Each request goes to the gateway and to nginx; what comes of it is the same, but for `differences.py`."""

import ssl
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from tests.compare_nginx.conftest import Places
from tests.compare_nginx.differences import DIFFERENCES, Difference
from tests.compare_nginx.nginx import BUILDS
from tests.compare_nginx.scene import Ask, Scene
from tests.compare_nginx.scenes.table import SCENES
from tests.compare_nginx.sight import differing, look
from tests.support.origin import Origin


class Case(NamedTuple):
    build: str
    scene: Scene
    ask: Ask


CASES = [
    pytest.param(Case(build, scene, ask), id=f"{build}-{scene.name}-{ask.id[:70]}")
    for build in BUILDS
    for scene in SCENES
    for ask in scene.asks
]


@pytest.mark.parametrize("case", CASES)
def test_as_nginx(case: Case, places: Places, origins: Mapping[str, Origin], tls: ssl.SSLContext) -> None:
    both = places(case.build, case.scene.group)
    own, others = (look(place, case.ask, case.scene.host, origins, tls) for place in both)
    assert differing(own, others) == expected(*case)


def expected(build: str, scene: Scene, ask: Ask) -> dict[str, tuple[str, str]]:
    return {
        one.aspect: (one.ours, one.nginx)
        for one in DIFFERENCES
        if one.scene == scene.name and one.ask == ask.id and one.build in {"", build}
    }


def test_every_difference_is_of_a_request_that_is_made() -> None:
    made = {(scene.name, ask.id) for scene in SCENES for ask in scene.asks}
    assert [one for one in DIFFERENCES if (one.scene, one.ask) not in made] == []
    assert len(set(map(key, DIFFERENCES))) == len(DIFFERENCES)
    assert all(one.why for one in DIFFERENCES)


def key(one: Difference) -> tuple[str, ...]:
    return (one.scene, one.ask, one.aspect, one.build)


def test_names_tell_requests_apart() -> None:
    assert len({scene.name for scene in SCENES}) == len(SCENES)
    for scene in SCENES:
        assert len({ask.id for ask in scene.asks}) == len(scene.asks), scene.name
