"""What counts as a manifest, and where to watch."""

import os
from pathlib import Path

import pytest

from gateway.sources import folders
from gateway.sources.folders import Listing, News, list_manifests, news


def names(listing: Listing, base: Path) -> list[str]:
    return sorted(os.path.relpath(path, base) for path in listing.files)


def codes(listing: Listing) -> list[str]:
    return sorted(complaint.reason.code for complaint in listing.complaints.values())


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def kubernetes_mount(folder: Path, version: str, text: str) -> None:
    """As the kubelet writes a ConfigMap: everything in a new folder, then one link is renamed onto the old one."""
    (folder / f"..{version}").mkdir(parents=True)
    (folder / f"..{version}" / "app.yaml").write_text(text)
    (folder / "..data_tmp").symlink_to(f"..{version}")
    (folder / "..data_tmp").rename(folder / "..data")
    if not (folder / "app.yaml").is_symlink():
        (folder / "app.yaml").symlink_to("..data/app.yaml")


def test_manifests_of_a_folder(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("b.yaml", "a.yml", "c.json", "sub/d.yaml", "read.me", "x.yaml~", ".h.yaml")))
    touch(tmp_path / ".git" / "x.yaml")
    assert names(list_manifests([tmp_path]), tmp_path) == ["a.yml", "b.yaml", "c.json", "sub/d.yaml"]


def test_a_file_may_have_any_name_and_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "shop.txt", tmp_path / "a.yaml")
    monkeypatch.chdir(tmp_path)
    listing = list_manifests([Path("shop.txt"), Path("a.yaml"), Path()])
    assert set(listing.files) == {"shop.txt", "a.yaml"}
    assert codes(listing) == []


def test_a_missing_path_is_told_and_its_nearest_folder_watched(tmp_path: Path) -> None:
    listing = list_manifests([tmp_path / "no" / "where.yaml"])
    assert codes(listing) == ["GW125"]
    assert listing.folders == {str(tmp_path)}
    assert str(tmp_path / "no") in listing.names


def test_a_kubernetes_mount(tmp_path: Path) -> None:
    kubernetes_mount(tmp_path / "mount", "2026_1", "")
    listing = list_manifests([tmp_path / "mount"])
    assert names(listing, tmp_path) == ["mount/app.yaml"]
    alone = list_manifests([tmp_path / "mount" / "app.yaml"])
    assert alone.folders == {str(tmp_path / "mount"), str(tmp_path / "mount" / "..2026_1")}
    assert str(tmp_path / "mount" / "..data") in alone.names
    before = list(listing.files.values())
    kubernetes_mount(tmp_path / "mount", "2026_2", "")
    assert list(list_manifests([tmp_path / "mount"]).files.values()) != before


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "a.yaml")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "in" / "b.yaml").symlink_to("../real/a.yaml")
    (tmp_path / "in" / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "in" / "up").symlink_to(tmp_path / "in")
    listing = list_manifests([tmp_path / "in"])
    assert names(listing, tmp_path) == ["in/b.yaml", "in/link/a.yaml"]
    assert str(tmp_path / "real") in listing.trees
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert codes(list_manifests([loop])) == ["GW124"]


def test_numbers_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(*(tmp_path / f"{index}.yaml" for index in range(5)))
    touch(tmp_path / "1" / "2" / "3" / "deep.yaml")
    monkeypatch.setattr(folders, "FILES", 3)
    monkeypatch.setattr(folders, "FOLDER_DEPTH", 3)
    listing = list_manifests([tmp_path])
    assert len(listing.files) == 3
    assert set(codes(listing)) == {"GW127"}
    assert str(tmp_path / "1" / "2" / "3") in listing.complaints


def test_what_a_changed_path_means(tmp_path: Path) -> None:
    touch(tmp_path / "a.yaml", tmp_path / "sub" / "b.yaml")
    listing = list_manifests([tmp_path])
    touch(tmp_path / "new.yaml", tmp_path / "4913", tmp_path / "made" / "c.yaml", tmp_path / ".swap.yaml")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    meanings = {
        "a.yaml": News.MANIFEST,
        "new.yaml": News.MANIFEST,
        "4913": News.NOTHING,
        "was-never.yaml": News.NOTHING,
        "sub": News.ANYTHING,
        "made": News.ANYTHING,
        "made/c.yaml": News.ANYTHING,
        "link.yaml": News.ANYTHING,
    }
    assert {name: news(str(tmp_path / name), listing) for name in meanings} == meanings
    assert listing.shown[str(tmp_path / "new.yaml")] == str(tmp_path / "new.yaml")
