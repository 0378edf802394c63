"""The two ends of every measurement: the backend behind the proxies, and the load in front of them."""

import json
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct

from bench.child import BenchError, Child, split_address

HOSTS = ("blue.example.com", "green.example.com")
BODY_BYTES = 128
BODIES = "/__bytes/"  # followed by a number: the backend answers with as many bytes


class Request(Struct, frozen=True):
    """What a load asks for, again and again. Fresh: each request has a connection of its own, and says so in its head
    unless it is not announced.
    """

    host: str = HOSTS[0]
    path: str = "/"
    expect_bytes: int = BODY_BYTES
    upload_bytes: int = 0
    fresh: bool = False
    announced: bool = True

    def options(self) -> list[str]:
        words = ["--host", self.host, "--path", self.path, "--expect-bytes", str(self.expect_bytes)]
        words += ["--body-bytes", str(self.upload_bytes)] if self.upload_bytes else []
        return [*words, "--new-connections" if self.announced else "--unannounced"] if self.fresh else words


PLAIN = Request()


class Outcome(Struct, frozen=True):
    """What the load says after a run."""

    seconds: float
    requests: int
    statuses: dict[str, int]
    reconnects: int
    errors: dict[str, int]
    latency_us: dict[str, float]

    def complaint(self, status: str = "200") -> str | None:
        """Why this run must not be counted; None where every request was answered as it should be."""
        wrong = {name: count for name, count in self.errors.items() if count}
        if wrong:
            return f"errors {wrong}"
        if set(self.statuses) != {status}:
            return f"statuses {self.statuses}, and only {status} should be there"
        if self.statuses[status] != self.requests:
            return f"{self.requests} requests and {self.statuses[status]} answers"
        if self.reconnects:
            return f"{self.reconnects} client connections were closed by the proxy"
        return None


class Backend:
    """The backend process, and one connection of our own to ask it how it goes."""

    def __init__(self, tools: Path, folder: Path, *, core: int | None, text: str = "", listen: str = "") -> None:
        command = [str(tools / "backend"), "--body-bytes", str(BODY_BYTES), *(["--body-text", text] if text else [])]
        command += ["--listen", listen] if listen else []
        self.child = Child("backend", command, folder, core=core)
        self.address = self.child.line().removeprefix("listening ")
        self.asking = HTTPConnection(*split_address(self.address), timeout=10)

    def accepted(self) -> int:
        """Connections accepted so far, our own among them."""
        try:
            self.asking.request("GET", "/__stats")
            stats = json.loads(self.asking.getresponse().read())
        except (OSError, HTTPException) as error:
            raise self.child.failure(f"does not say how it goes: {error!r}") from None
        return int(stats["accepted"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.asking.close()
        self.child.stop()


class Load:
    """The load process: warmed up when this returns, holding its connections until the end of the `with`."""

    def __init__(
        self,
        tools: Path,
        folder: Path,
        address: str,
        *,
        connections: int,
        core: int | None,
        seconds: float | None = None,
        requests: int | None = None,
        warm_up_ms: int = 200,
        request: Request = PLAIN,
    ) -> None:
        options: dict[str, object] = {
            "address": address,
            "connections": connections,
            "warm-up-ms": warm_up_ms,
        }
        # Where only a number of requests is wanted, the time is a limit that nothing should reach.
        options["seconds"] = seconds if seconds is not None else 600
        if requests is not None:
            options["requests"] = requests
        command = [
            str(tools / "load"),
            *(word for name, value in options.items() for word in (f"--{name}", str(value))),
            *request.options(),
        ]
        self.child = Child("load", command, folder, core=core)
        if (said := self.child.line()) != "ready":
            raise BenchError(f"the load said {said!r} instead of being ready")

    def begin(self) -> None:
        self.child.say("go")

    def end(self) -> None:
        """Stop before the time is over."""
        self.child.say("stop")

    def outcome(self) -> Outcome:
        """Waits until every answer is in."""
        return msgspec.json.decode(self.child.line(), type=Outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.stop()


class Holder:
    """Connections that made one request each and are held, silent, until the end of the `with`."""

    def __init__(self, tools: Path, folder: Path, address: str, *, connections: int, source: str | None = None) -> None:
        command = [str(tools / "hold"), "--address", address, "--host", HOSTS[0], "--connections", str(connections)]
        self.child = Child("hold", [*command, "--source", source] if source else command, folder)
        if (said := self.child.line()) != "ready":
            raise BenchError(f"the holder said {said!r} instead of being ready")

    def ask(self) -> int:
        """One more request on each; how many were answered."""
        self.child.say("ask")
        return int(self.child.line())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.stop()


def ask(address: str, path: str, host: str = HOSTS[0]) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = HTTPConnection(*split_address(address), timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
