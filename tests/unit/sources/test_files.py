"""The whole source on real files, with real notifications. Waits are for events, never for time."""

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.objects.ingress import Ingress
from gateway.objects.meta import ObjectKey
from gateway.sources import watch
from gateway.sources.files import FilesSource, Pace
from gateway.sources.reading import load
from gateway.store.events import Event
from gateway.store.store import Store

Manifest = Callable[..., str]
PATIENCE = 20.0  # seconds until a test gives up; what is waited for comes in milliseconds
NO_LOOK = Pace(look=600.0, poll=600.0)  # so that only notifications can be what makes a test pass


class Desk:
    """A source that runs, and a store that hears it."""

    def __init__(self, *paths: Path, pace: Pace = NO_LOOK, load: Callable[[str], bytes] = load) -> None:
        self.source = FilesSource(paths, pace=pace, load=load)
        self.store = Store(self.source.origin)
        self.batches: list[Sequence[Event]] = []
        self.history: list[dict[str, str]] = []
        self._heard = asyncio.Event()

    def hear(self, events: Sequence[Event]) -> None:
        self.batches.append(events)
        self.store.apply(events)
        self.history.append(self.now())
        self._heard.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._heard.clear()
                await self._heard.wait()

    async def hosts(self, **expected: str) -> None:
        await self.until(lambda: self.now() == expected)

    async def codes(self, *expected: str) -> None:
        await self.until(lambda: self.said() == sorted(expected))

    def now(self) -> dict[str, str]:
        return {one.metadata.name: host(one) for one in self.store.ingresses()}

    def said(self) -> list[str]:
        return sorted(verdict.code for verdict in self.store.verdicts())


def host(ingress: Ingress) -> str:
    return ingress.spec.rules[0].host if ingress.spec.rules else ""


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Desk]:
    task = asyncio.create_task(desk.source.run(desk.hear))
    try:
        await desk.until(lambda: desk.store.synced("files"))
        yield desk
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_first_batch_is_everything_then_synced(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "a.yaml").write_text(manifest("a") + "---\nx: [\n")
    (tmp_path / "b.json").write_text("{}")
    async with running(Desk(tmp_path)) as desk:
        assert len(desk.batches) == 1
        assert desk.now() == {"a": "shop.example.com"}
        assert desk.said() == ["GW100", "GW120"]


async def test_an_empty_folder_is_synced(tmp_path: Path) -> None:
    async with running(Desk(tmp_path)) as desk:
        assert desk.now() == {}


async def test_edits_new_files_and_deletions(tmp_path: Path, manifest: Manifest) -> None:
    file, other = tmp_path / "a.yaml", tmp_path / "sub" / "b.yaml"
    file.write_text(manifest("a"))
    async with running(Desk(tmp_path)) as desk:
        file.write_text(manifest("a", "edited"))
        await desk.hosts(a="edited")
        other.parent.mkdir()
        other.write_text(manifest("b"))
        await desk.hosts(a="edited", b="shop.example.com")
        other.write_text(manifest("b", "edited"))
        await desk.hosts(a="edited", b="edited")
        file.unlink()
        await desk.hosts(b="edited")
        other.rename(tmp_path / "moved.yaml")
        (tmp_path / "moved.yaml").write_text(manifest("b", "moved"))
        await desk.hosts(b="moved")
        shutil.rmtree(tmp_path / "sub")
        (tmp_path / "moved.yaml").unlink()
        await desk.hosts()


async def test_an_editor_that_writes_aside_and_renames(tmp_path: Path, manifest: Manifest) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(manifest("a"))
    async with running(Desk(file)) as desk:
        for turn in range(3):
            (tmp_path / "a.yaml.tmp").write_text(manifest("a", f"turn{turn}"))
            (tmp_path / "a.yaml.tmp").rename(file)
            await desk.hosts(a=f"turn{turn}")


async def test_an_editor_that_moves_the_file_away_first_never_takes_the_object_away(
    tmp_path: Path, manifest: Manifest
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(manifest("a"))
    async with running(Desk(tmp_path)) as desk:
        file.rename(tmp_path / "a.yaml~")
        file.write_text("")
        file.write_text(manifest("a", "saved"))
        await desk.hosts(a="saved")
        assert all(snapshot != {} for snapshot in desk.history)


async def test_an_object_is_served_until_it_is_sure_that_it_is_gone(tmp_path: Path, manifest: Manifest) -> None:
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text(manifest("a"))
    never = Pace(grace=600.0, patience=600.0, look=600.0)
    async with running(Desk(tmp_path, pace=never)) as desk:
        file.write_text("")  # as an editor does for a moment, or longer
        other.write_text(manifest("b"))
        await desk.hosts(a="shop.example.com", b="shop.example.com")
        file.unlink()
        other.write_text(manifest("b", "edited"))
        await desk.hosts(a="shop.example.com", b="edited")
        file.write_text(manifest("a", "saved"))
        await desk.hosts(a="saved", b="edited")


@pytest.mark.parametrize("named", ["folder", "file"])
async def test_kubernetes_swaps_a_link(tmp_path: Path, manifest: Manifest, named: str) -> None:
    def mount(version: str, text: str) -> None:
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "app.yaml").write_text(text)
        (tmp_path / "..data_tmp").symlink_to(f"..{version}")
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    mount("1", manifest("a", "one"))
    (tmp_path / "app.yaml").symlink_to("..data/app.yaml")
    async with running(Desk(tmp_path if named == "folder" else tmp_path / "app.yaml")) as desk:
        assert desk.now() == {"a": "one"}
        for version, before in (("2", "1"), ("3", "2"), ("4", "3")):
            mount(version, manifest("a", f"v{version}"))
            shutil.rmtree(tmp_path / f"..{before}")
            await desk.hosts(a=f"v{version}")


async def test_a_link_to_a_file_elsewhere(tmp_path: Path, manifest: Manifest) -> None:
    real, folder = tmp_path / "real", tmp_path / "in"
    real.mkdir()
    folder.mkdir()
    (real / "a.txt").write_text(manifest("a"))
    (folder / "a.yaml").symlink_to(real / "a.txt")
    async with running(Desk(folder)) as desk:
        (real / "a.txt").write_text(manifest("a", "edited"))
        await desk.hosts(a="edited")


async def test_a_malformed_edit_keeps_the_last_good_objects(tmp_path: Path, manifest: Manifest) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(manifest("a"))
    async with running(Desk(tmp_path)) as desk:
        file.write_text(manifest("a", "[broken"))
        await desk.codes("GW120")
        assert desk.now() == {"a": "shop.example.com"}
        [verdict] = desk.store.verdicts()
        assert str(verdict.origin) == f"{file}:8:1"
        file.write_text(manifest("a", "mended"))
        await desk.hosts(a="mended")
        assert desk.said() == []


async def test_a_path_that_does_not_exist_yet_goes_and_comes_back(tmp_path: Path, manifest: Manifest) -> None:
    file = tmp_path / "later" / "a.yaml"
    async with running(Desk(file)) as desk:
        assert desk.said() == ["GW125"]
        for turn in range(2):
            file.parent.mkdir()
            file.write_text(manifest("a", f"turn{turn}"))
            await desk.hosts(a=f"turn{turn}")
            await desk.codes()
            shutil.rmtree(file.parent)
            await desk.hosts()
            await desk.codes("GW125")


async def test_a_watched_folder_that_is_removed_and_made_anew(tmp_path: Path, manifest: Manifest) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.yaml").write_text(manifest("a"))
    async with running(Desk(folder)) as desk:
        shutil.rmtree(folder)
        await desk.hosts()
        folder.mkdir()
        (folder / "a.yaml").write_text(manifest("a", "again"))
        await desk.hosts(a="again")
        (folder / "a.yaml").write_text(manifest("a", "edited"))
        await desk.hosts(a="edited")


async def test_an_unreadable_file_keeps_its_objects(tmp_path: Path, manifest: Manifest) -> None:
    file, denied = tmp_path / "a.yaml", set[str]()

    def guarded(path: str) -> bytes:
        if path in denied:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return load(path)

    file.write_text(manifest("a"))
    async with running(Desk(tmp_path, load=guarded)) as desk:
        denied.add(str(file))
        file.write_text(manifest("a", "unseen"))
        await desk.codes("GW124")
        assert desk.now() == {"a": "shop.example.com"}
        denied.clear()
        file.touch()
        await desk.hosts(a="unseen")
        assert desk.said() == []


async def test_without_notifications_files_are_looked_at_again_and_again(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_paths: str, **_options: object) -> AsyncIterator[set[tuple[object, str]]]:
        raise OSError(errno.ENOSPC, "OS file watch limit reached")

    monkeypatch.setattr(watch, "awatch", refuse)
    file = tmp_path / "a.yaml"
    file.write_text(manifest("a"))
    async with running(Desk(tmp_path, pace=Pace(look=600.0, poll=0.01))) as desk:
        assert desk.said() == ["GW128"]
        for turn in range(5):
            file.write_text(manifest("a", f"turn{turn}"))
            await desk.hosts(a=f"turn{turn}")
        file.unlink()
        await desk.hosts()


async def test_a_look_at_everything_finds_what_nobody_told(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_paths: str, **_options: object) -> AsyncIterator[set[tuple[object, str]]]:
        await asyncio.Event().wait()
        yield set()

    monkeypatch.setattr(watch, "awatch", silent)
    async with running(Desk(tmp_path, pace=Pace(look=0.01))) as desk:
        (tmp_path / "a.yaml").write_text(manifest("a"))
        await desk.hosts(a="shop.example.com")
        assert desk.said() == []


async def test_places_of_fields(tmp_path: Path, manifest: Manifest) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(manifest("a") + "---\n" + manifest("b"))
    key, field = ObjectKey("Ingress", "default", "b"), "spec.rules[0].host"
    async with running(Desk(tmp_path)) as desk:
        assert str(desk.store.origin(*key, field)) == f"{file}:15:11"
        assert str(desk.store.origin(*key, "")) == f"{file}:9:1"
        assert desk.store.origin("Ingress", "default", "c", field) is None
        file.write_text("\n" + manifest("a") + "---\n" + manifest("b", "edited"))
        await desk.hosts(a="shop.example.com", b="edited")
        assert str(desk.store.origin(*key, field)) == f"{file}:16:11"
        file.write_text("x: [\n")
        await desk.codes("GW120")
        assert str(desk.store.origin(*key, field)) == f"{file}:10:1"


async def test_places_in_lists(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "apiVersion: networking.k8s.io/v1\nkind: IngressList\nitems:\n"
        "- metadata: {name: a}\n- metadata: {name: b}\n  spec:\n    rules: [{host: x}]\n"
    )
    async with running(Desk(file)) as desk:
        assert str(desk.store.origin("Ingress", "default", "b", "spec.rules[0].host")) == f"{file}:7:20"


async def test_hidden_files_wake_nobody(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / ".git").mkdir()
    async with running(Desk(tmp_path)) as desk:
        (tmp_path / ".git" / "x.yaml").write_text(manifest("hidden"))
        (tmp_path / "a.yaml").write_text(manifest("a"))
        await desk.hosts(a="shop.example.com")


FILES = ("a.yaml", "b.yaml", "sub/c.yaml")
STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(FILES), st.lists(st.integers(0, 3), max_size=3)),
    st.tuples(st.just("aside"), st.sampled_from(FILES), st.lists(st.integers(0, 3), max_size=3)),
    st.tuples(st.just("rename"), st.sampled_from(FILES), st.sampled_from(FILES)),
    st.tuples(st.just("delete"), st.sampled_from(FILES), st.none()),
    st.tuples(st.just("folder"), st.none(), st.none()),
)


def do(folder: Path, number: int, step: tuple[str, str | None, list[int] | str | None], manifest: Manifest) -> None:
    action, name, what = step
    file = folder / (name or "sub")
    match what:
        case list():
            text = "---\n".join(manifest(f"i{each}", f"h{number}-{place}") for place, each in enumerate(what))
            target = file if action == "write" else file.with_suffix(".tmp")
            file.parent.mkdir(exist_ok=True)
            target.write_text(text)
            if action == "aside":
                target.rename(file)
        case str() if file.exists():
            (folder / what).parent.mkdir(exist_ok=True)
            file.rename(folder / what)
        case None if action == "delete":
            file.unlink(missing_ok=True)
        case None if action == "folder":
            shutil.rmtree(file, ignore_errors=True)


def written(folder: Path) -> dict[str, str]:
    """What the files say, read in the plainest way: by path, then from the top, the first definition counts."""
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.yaml"), key=str):
        name = ""
        for line in file.read_text().splitlines():
            if line.startswith("  name: "):
                name = line.removeprefix("  name: ")
            if line.startswith("  - host: "):
                found.setdefault(name, line.removeprefix("  - host: "))
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12), pauses=st.sets(st.integers(0, 11)))
def test_any_edits_end_with_the_store_equal_to_the_files(
    manifest: Manifest, steps: list[tuple[str, str | None, list[int] | str | None]], pauses: set[int]
) -> None:
    async def play(folder: Path) -> None:
        async with running(Desk(folder, pace=Pace(grace=0.01, look=600.0))) as desk:
            for number, step in enumerate(steps):
                do(folder, number, step, manifest)
                if number in pauses:
                    await desk.until(lambda: desk.now() == written(folder))
            await desk.until(lambda: desk.now() == written(folder))

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
