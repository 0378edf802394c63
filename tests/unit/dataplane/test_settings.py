"""What the engine is started with follows from what the process may have."""

from pathlib import Path

import msgspec
import pytest

from gateway.dataplane.settings import BODY_DISK_BYTES, FEWEST_FILES, FILES_PER_WORKER, HostSettings
from gateway.supervise.sockets import Listening

NOWHERE = Listening("127.0.0.1:0", ())


def host(workers: int, descriptors: int, body_folder: str | None = None) -> HostSettings:
    return HostSettings(
        state_dir=Path("state"),
        workers=workers,
        http=NOWHERE,
        https=NOWHERE,
        health=NOWHERE,
        access_log="off",
        access_log_format="json",
        shutdown_grace=0.0,
        drain=0.0,
        descriptors=descriptors,
        body_folder=body_folder,
    )


@pytest.mark.parametrize(
    ("workers", "descriptors", "files"),
    [(1, 1_000, 950), (4, 1_000, 237), (2, 1 << 20, FILES_PER_WORKER), (64, 256, FEWEST_FILES)],
)
def test_connections_get_their_share_of_the_descriptors(workers: int, descriptors: int, files: int) -> None:
    assert host(workers, descriptors).engine(3).max_files == files


def test_workers_share_the_disk_for_bodies() -> None:
    engine = host(4, 1_000, "/elsewhere").engine(3)
    assert (engine.body_folder, engine.body_disk_bytes) == ("/elsewhere", BODY_DISK_BYTES // 4)


def test_without_a_folder_none_is_named() -> None:
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(host(1, 1_000).engine(3)))
    assert "body_folder" not in packed
