"""A stand-in for `gateway._core` that serves nobody: for tests of the process around the engine.

Its segments are made with `segment`: a msgpack map of what they need and how they should be judged.
"""

import os
import threading
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec


def segment(*needs: bytes, refuse: str = "", panic: str = "") -> bytes:
    """`needs` are digests of other segments; `refuse` and `panic` are the reasons with which an offer of it ends."""
    return msgspec.msgpack.encode({"needs": needs, "refuse": refuse, "panic": panic})


def digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


class Refused(ValueError):  # noqa: N818 -- the name that it stands in for
    def __init__(self, segment: str, reason: str) -> None:
        super().__init__(reason)
        self.segment = segment
        self.kind = "host"
        self.field = "routes[0].match"
        self.reason = reason


class PanicException(BaseException):
    """As PyO3 raises it: not an Exception."""


class Offer:
    def __init__(self, root: bytes, wanted: list[bytes], built: int = 0) -> None:
        self.accepted = not wanted
        self.wanted = wanted
        self.root = root
        self.built = built
        self.reused = 0
        self.build_us = 10
        self.swap_us = 1


class Engine:
    """`drained_after` seconds pass in a drain, unless a second one hurries it: set by FAKE_DRAIN_SECONDS."""

    def __init__(self, settings: bytes) -> None:
        self.settings: dict[str, Any] = msgspec.msgpack.decode(settings)
        self._store: dict[bytes, bytes] = {}
        self._root: bytes | None = None
        self._hurry = threading.Event()
        self._last_good = Path(self.settings["last_good"])
        self.restore_problem: str | None = None

    def restore(self) -> Offer | None:
        if not self._last_good.exists():
            return None
        data = self._last_good.read_bytes()
        if len(data) != 16:
            self.restore_problem = "commit record: 16 bytes expected"
            return None
        self._root = data
        return Offer(data, [])

    def start(self) -> dict[str, str]:
        return {listener["name"]: listener["address"] for listener in self.settings["listeners"]}

    def offer(self, root: bytes, segments: list[bytes]) -> Offer:
        known = self._store | {digest(data): data for data in segments}
        waiting, wanted = [root], []
        while waiting:
            current = waiting.pop()
            if current not in known:
                wanted.append(current)
                continue
            content = msgspec.msgpack.decode(known[current])
            if content["refuse"]:
                raise Refused(current.hex(), content["refuse"])
            if content["panic"]:
                raise PanicException(content["panic"])
            waiting += content["needs"]
        if not wanted:
            self._store, self._root = known, root
            self._last_good.write_bytes(root)
            self.restore_problem = None
        return Offer(root, wanted, built=len(segments))

    def digest(self) -> bytes | None:
        return self._root

    def reclaim(self) -> None:
        """Nothing is ever retired here."""

    def set_draining(self) -> None:
        self._draining = True

    def drain(self, deadline_ms: int) -> dict[str, int]:
        if deadline_ms == 0:
            self._hurry.set()
        slow = float(os.environ.get("FAKE_DRAIN_SECONDS", "0"))
        cut = self._hurry.wait(min(slow, deadline_ms / 1000))
        return {"finished": 0, "aborted": int(cut), "idle_closed": 0}

    def slots(self, since: int) -> list[tuple[int, str, str, str, str, str, str]]:
        return []


def version() -> dict[str, str]:
    return {
        "version": "0.1.0",
        "openssl": 'OpenSSL 4.0.3 "quoted"',
        "tls_library": "openssl",
        "profile": "dev",
        "rustc": "1.95.0",
        "ir": "1.0",
        "abi": "1",
    }
