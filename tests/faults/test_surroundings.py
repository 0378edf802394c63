"""Surroundings that are odd or poor: few threads, a file system that nobody can write to, no home, another language.

Names carry the number of the experiment in the catalogue of faults. Control groups and mounts of one's own need root.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.faults.groups import group
from tests.support.load import Load
from tests.support.site import HOST, Site, get, probe, until

#: What the shell does before it becomes the gateway: it joins the group.
JOINING: Final = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
#: What it does in a mount namespace: everything is read-only but the folder of the test.
READ_ONLY: Final = """
mount --make-rprivate / && mount --bind / / && mount --bind "$0" "$0" && mount -o remount,bind,ro / || exit 77
awk '$2 ~ "^/(tmp|var|root|home|run|dev/shm)" {print $2}' /proc/mounts | while read -r each; do
    [ "$each" = "$0" ] || mount -o remount,bind,ro "$each" || exit 77
done
cd / && ! touch /tmp/written 2>/dev/null || exit 78
cd "$1" && shift && exec "$@"
"""


@pytest.mark.parametrize("most", [4, 8, 12])
def test_f93_without_room_for_its_threads_it_says_so_and_ends(site: Site, most: int) -> None:
    """Whichever of its threads it is that cannot be had."""
    with group("pids", f"start-{most}-{os.getpid()}", max=most) as folder:
        gateway = site.start("--workers=8", through=("sh", "-c", JOINING, str(folder)), ready=False)
        code = gateway.wait()
    said = gateway.err.text()
    assert code != 0
    assert "sallygate dataplane: cannot start: " in said
    assert "the limit on threads" in said
    assert "Traceback" not in said
    assert "panicked" not in said


def test_f93_a_limit_that_comes_later_keeps_nothing_from_being_served(site: Site) -> None:
    gateway = site.start("--workers=2")
    pid = gateway.pid("dataplane")
    threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    with (
        group("pids", f"later-{pid}", pid, max=threads) as folder,
        Load(gateway.address("http"), HOST, ("blue", "green"), clients=4) as load,
    ):
        load.wait_for(200)
        site.point_at(gateway, site.green)
        load.wait_for(200)
        with ThreadPoolExecutor(8) as scrapers:
            assert {one.status for one in scrapers.map(lambda _: probe(gateway, "/metrics"), range(100))} == {200}
        assert probe(gateway, "/readyz").status == 200
        refused = dict(line.split() for line in (folder / "pids.events").read_text().splitlines())
    assert load.failures == []
    assert refused["max"] == "0"  # it did not even ask for another one
    assert gateway.pid("dataplane") == pid
    assert gateway.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts of one's own need root")
def test_f94_nothing_but_its_state_folder_is_written_to(site: Site, tmp_path: Path) -> None:
    here = Path(__file__).parents[2]
    through = ("unshare", "--mount", "sh", "-c", READ_ONLY, str(tmp_path), str(here))
    gateway = site.start(through=through)
    with Load(gateway.address("http"), HOST, ("blue", "green"), clients=2) as load:
        site.point_at(gateway, site.green)
        load.wait_for(50)
    assert load.failures == []
    assert gateway.stop() == 0
    again = site.start(through=through)
    assert get(again).text == "green"
    assert again.stop() == 0


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}, id="turkish"),
        pytest.param({"LC_ALL": "no_such.LOCALE"}, id="unknown"),
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, id="ascii"),
    ],
)
def test_f94_without_a_home_and_in_any_language_it_is_the_same(site: Site, variables: dict[str, str]) -> None:
    gateway = site.start(extra=variables, through=("env", "-u", "HOME", "-u", "USER", "-u", "LOGNAME", "-u", "PATH"))
    until(lambda: get(gateway).text == "blue")
    site.point_at(gateway, site.green)
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.err.text()
