"""Thousands of made-up targets and hosts: whatever nginx makes of one, the gateway leads it to the same backend or
refuses it.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from tests.compare_nginx.conftest import Places
from tests.compare_nginx.nginx import BUILDS
from tests.compare_nginx.scene import Scene
from tests.compare_nginx.scenes.table import SCENES
from tests.support.origin import Origin
from tests.support.raw_client import RawClient

PIECES = (
    *(
        "/",
        "//",
        "/./",
        "/../",
        "/a",
        "/b",
        "a",
        "b",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%61",
        "%62",
        "%41",
        "B",
        "%2f",
        "%5c",
    ),
    *(";", "%3b", "%20", "+", "%25", "%252e", "%3f", "%23", "~", "%7e", ":", "@", "%00", "%", "%g1", "\xe9", "%c3%a9"),
    *("/prefix", "/Exact", "/regex/", "1", "/something", "/foo", "bar", "/id/", "/v1/users/", "x"),
)
QUERIES = ("", "", "?", "?a=/../b", "?%2e%2e", "?a?b")
DOTS = re.compile(r"/(?:\.|%2e){1,2};", re.IGNORECASE)
"""Dot segments with a parameter, which are resolved here (`differences.py` says why)."""
MADE = 1500
SAID = 0.1
"""Of the targets, at least so many are answered by a backend, or the test looks at too little."""


def targets(seed: int, starts: tuple[str, ...]) -> Iterator[str]:
    """Half of them begin with a path that is there."""
    made = random.Random(seed)
    for _ in range(MADE):
        start = made.choice(starts) if made.random() < 0.5 else ""
        rest = "".join(made.choices(PIECES, k=made.randint(0, 5)))
        path = start + rest
        yield (path if path.startswith("/") else f"/{path}") + made.choice(QUERIES)


class Asker:
    """One connection, for as long as the other side keeps it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._client = RawClient(address)

    def ask(self, target: str, host: str) -> tuple[int, str]:
        """The status, and the backend that has answered."""
        self._client.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1"))
        answer = self._client.response()
        if answer.header("connection") == "close":
            self.close()
            self._client = RawClient(self._address)
        return answer.status, answer.header("x-backend") or ""

    def close(self) -> None:
        self._client.close()


NAMED = {scene.name: scene for scene in SCENES}
COMPARED = ("normal", "types", "root", "infected", "longest", "capture", "parts")


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("scene", [NAMED[name] for name in COMPARED], ids=COMPARED)
def test_no_target_leads_elsewhere(build: str, scene: Scene, places: Places, origins: Mapping[str, Origin]) -> None:
    both = places(build, scene.group)
    own, others = (Asker(place.http) for place in both)
    wrong, seen = [], Counter[int]()
    starts = tuple(path for rules in scene.rules for path, _, _ in rules.paths if path.isascii() and path.isprintable())
    plain = tuple(one for one in starts if not set(one) & set("()[]{}|$\\")) or ("/something/", "/v2/people/")
    for target in targets(COMPARED.index(scene.name), plain):
        ours, nginx = own.ask(target, scene.host), others.ask(target, scene.host)
        seen[ours[0]] += 1
        if ours != nginx and ours[0] != 400 and not DOTS.search(target):
            wrong.append(f"{target!r}: {ours}, nginx {nginx}")
    own.close()
    others.close()
    assert not wrong, "\n".join(wrong[:20])
    assert seen[200] >= SAID * MADE, seen


LABELS = (
    *(".", ".", ".", "..", "wild", "example", "alias", "many", "second", "names", "b", "B", "a-1", "_", "-", "*", "*."),
    *("EXAMPLE", "x.wild.example", "many.alias.example", "names.example", "xn--a", "1", ":80", ":", ":0", "@", "/"),
    *("#", "[::1]", "127.0.0.1", "%2e", " ", "\xe9", "~"),
)
WANTED = re.compile(r".*\..*\.many\.alias\.example|.*~.*\.wild\.example", re.IGNORECASE)
"""Several labels below an alias with `*.`, and odd ones below a wildcard (`differences.py` says why)."""


def hosts(seed: int) -> Iterator[str]:
    """Half of them end as one does that is there."""
    made = random.Random(seed)
    ends = ("names.example", ".wild.example", ".alias.example", ".many.alias.example", "")
    for _ in range(MADE):
        yield "".join(made.choices(LABELS, k=made.randint(0, 3))).strip() + made.choice(ends) or "x"


@pytest.mark.parametrize("build", BUILDS)
def test_no_host_leads_elsewhere(build: str, places: Places, origins: Mapping[str, Origin]) -> None:
    own, others = (Asker(place.http) for place in places(build, "plain"))
    wrong, seen = [], Counter[int]()
    for host in hosts(len(LABELS)):
        ours, nginx = own.ask("/", host), others.ask("/", host)
        seen[ours[0]] += 1
        if ours != nginx and ours[0] != 400 and not WANTED.match(host):
            wrong.append(f"{host!r}: {ours}, nginx {nginx}")
    own.close()
    others.close()
    assert not wrong, "\n".join(wrong[:20])
    assert seen[200] >= SAID * MADE, seen
