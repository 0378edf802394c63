"""Which definition counts, what stays when a file cannot be read, and what is said of whom."""

from collections.abc import Callable

import pytest

from gateway.objects.meta import ObjectKey
from gateway.sources.catalog import Catalog
from gateway.sources.reading import FileReading, read_file
from gateway.store.events import Delete, Event, Judged, Upsert

Manifest = Callable[..., str]
A, B = ObjectKey("Ingress", "default", "a"), ObjectKey("Ingress", "default", "b")
MALFORMED = "\n---\na: [\n"


class Desk:
    """Files in memory, fed to a catalog."""

    def __init__(self) -> None:
        self.catalog = Catalog()

    def tell(self, *, final: bool = True, **texts: str | None) -> list[Event]:
        return self._tell(final, texts)[0]

    def leaving(self, **texts: str | None) -> set[str]:
        return self._tell(False, texts)[1]

    def _tell(self, final: bool, texts: dict[str, str | None]) -> tuple[list[Event], set[str]]:
        return self.catalog.apply([(self._read(path, text), final) for path, text in texts.items()])

    def _read(self, path: str, text: str | None) -> FileReading:
        def load(_path: str) -> bytes:
            if text is None:
                raise FileNotFoundError(2, "No such file or directory")
            return text.encode()

        return read_file(path, self.catalog.reading(path), load)

    def host(self, key: ObjectKey) -> str | None:
        found = self.catalog.definition(key)
        return found.object.spec.rules[0].host if found else None  # type: ignore[union-attr]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def changes(events: list[Event]) -> list[tuple[str, ObjectKey]]:
    return sorted((type(event).__name__, event.key) for event in events if isinstance(event, (Upsert, Delete)))


def codes(events: list[Event]) -> dict[str, list[str]]:
    return {event.place: [verdict.code for verdict in event.verdicts] for event in events if isinstance(event, Judged)}


def test_only_what_changed_is_told(desk: Desk, manifest: Manifest) -> None:
    both = manifest("a") + "---\n" + manifest("b")
    assert changes(desk.tell(x=both)) == [("Upsert", A), ("Upsert", B)]
    assert desk.tell(x=both) == []
    assert desk.tell(x="# moved down\n" + both) == []
    assert changes(desk.tell(x=manifest("a") + "---\n" + manifest("b", "other"))) == [("Upsert", B)]
    assert changes(desk.tell(x=manifest("b", "other"))) == [("Delete", A)]
    assert changes(desk.tell(x=None)) == [("Delete", B)]
    assert desk.catalog.paths() == set()


def test_an_object_that_moves_to_another_file_is_not_deleted(desk: Desk, manifest: Manifest) -> None:
    desk.tell(x=manifest("a"))
    events = desk.tell(x="", y=manifest("a"))
    assert changes(events) == [("Upsert", A)]
    assert codes(events) == {}


def test_a_malformed_file_keeps_its_objects_until_it_is_whole_again(desk: Desk, manifest: Manifest) -> None:
    desk.tell(x=manifest("a") + "---\n" + manifest("b"))
    events = desk.tell(x=manifest("a", "new") + MALFORMED)
    assert changes(events) == [("Upsert", A)]
    assert codes(events) == {"x": ["GW120"]}
    assert (desk.host(A), desk.host(B)) == ("new", "shop.example.com")
    events = desk.tell(x=manifest("a", "new"))
    assert changes(events) == [("Delete", B)]
    assert codes(events) == {"x": []}


def test_a_broken_object_stays_as_it_was_and_others_go(desk: Desk, manifest: Manifest) -> None:
    desk.tell(x=manifest("a") + "---\n" + manifest("b"))
    events = desk.tell(x=manifest("a", "[7]"))
    assert changes(events) == [("Delete", B)]
    assert desk.host(A) == "shop.example.com"
    assert codes(events) == {"x": ["GW104"]}


def test_the_first_path_wins_and_the_other_is_told(desk: Desk, manifest: Manifest) -> None:
    events = desk.tell(y=manifest("a", "second"), x=manifest("a", "first"))
    assert changes(events) == [("Upsert", A)]
    assert desk.host(A) == "first"
    assert codes(events) == {"y": ["GW126"]}
    [said] = [event for event in events if isinstance(event, Judged)]
    assert "x:1:1" in said.verdicts[0].reason
    assert str(said.verdicts[0].origin) == "y:1:1"


def test_a_line_that_moves_is_told_where_it_is_mentioned(desk: Desk, manifest: Manifest) -> None:
    desk.tell(x=manifest("a"), y=manifest("a"))
    [said] = desk.tell(x="# one line more\n" + manifest("a"))
    assert isinstance(said, Judged)
    assert said.place == "y"
    assert "x:2:1" in said.verdicts[0].reason


def test_the_second_takes_over_when_the_first_goes(desk: Desk, manifest: Manifest) -> None:
    desk.tell(x=manifest("a", "first"), y=manifest("a", "second"))
    events = desk.tell(x=None)
    assert changes(events) == [("Upsert", A)]
    assert desk.host(A) == "second"
    assert codes(events) == {"y": []}


def test_objects_leave_only_when_that_is_sure(desk: Desk, manifest: Manifest) -> None:
    desk.tell(x=manifest("a"))
    assert desk.leaving(x="") == {"x"}
    assert desk.host(A) == "shop.example.com"
    assert desk.leaving(x=None) == {"x"}
    assert desk.leaving(x=manifest("a", "new")) == set()
    assert desk.host(A) == "new"
    assert desk.leaving(x=None) == {"x"}
    assert changes(desk.tell(x=None)) == [("Delete", A)]


def test_one_that_is_leaving_gives_way(desk: Desk, manifest: Manifest) -> None:
    desk.tell(x=manifest("a", "old"))
    events = desk.tell(final=False, x="", y=manifest("a", "new"))
    assert desk.host(A) == "new"
    assert codes(events) == {}
    assert changes(desk.tell(x="")) == []


def test_other_kinds_are_told_once_of_the_first_file(desk: Desk) -> None:
    deployment, job = "apiVersion: apps/v1\nkind: Deployment\n", "apiVersion: batch/v1\nkind: Job\n"
    events = desk.tell(y=deployment, z=deployment + "---\n" + job)
    assert codes(events) == {"y": ["GW102"], "z": ["GW102"]}
    assert codes(desk.tell(x=deployment)) == {"x": ["GW102"], "y": []}
    assert codes(desk.tell(x=None)) == {"x": [], "y": ["GW102"]}
    assert codes(desk.tell(y=None)) == {"y": [], "z": ["GW102", "GW102"]}
    assert codes(desk.tell(z="")) == {"z": []}
