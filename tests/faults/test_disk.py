"""A disk without room for the last good snapshot: it is said, and everything goes on being served."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.site import Site, get, probe

SIZE = 256 * 1024


@pytest.fixture
def small_disk(site: Site) -> Iterator[Path]:
    """The state folder, on a disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    site.state_dir.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(site.state_dir)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield site.state_dir
    finally:
        subprocess.run(["umount", "--lazy", str(site.state_dir)], check=True)


def fill(file: Path) -> None:
    disk = os.statvfs(file.parent)
    file.write_bytes(bytes(disk.f_bavail * disk.f_frsize))
    assert os.statvfs(file.parent).f_bavail == 0


def test_a_full_disk_costs_the_last_good_snapshot_and_nothing_else(site: Site, small_disk: Path) -> None:
    gateway = site.start()
    fill(small_disk / "ballast")
    seen = gateway.err.count()
    site.point_at(gateway, site.green)
    line = gateway.err.wait("the last good snapshot on disk", after=seen)
    assert "No space left on device" in line
    assert probe(gateway, "/readyz").status == 200

    (small_disk / "ballast").unlink()
    seen = gateway.err.count()
    site.point_at(gateway, site.blue)
    gateway.err.wait("the last good snapshot on disk: is kept again", after=seen)
    assert get(gateway).text == "blue"
    assert gateway.stop() == 0

    # What is kept is whole again: a start without any source has it.
    again = site.start()
    assert get(again).text == "blue"
    assert again.stop() == 0
