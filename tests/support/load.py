"""A steady, bounded load that checks every answer and forgets no failure."""

import ssl
import threading
import time
from typing import NamedTuple, Self

from tests.support.raw_client import BrokenAnswerError, RawClient


class Failure(NamedTuple):
    at: float  # time.monotonic()
    new_connection: bool  # the first request on a connection
    what: str


class Load:
    """`clients` threads, each with one keep-alive connection, ask `host` in turns and expect an answer that starts with
    `expect`. A client whose connection ends as the protocol allows (after `Connection: close`) opens another one.
    With `fresh` every request has a connection of its own, and with `tls` a handshake that verifies the certificate.

    Use as a context manager; `failures` is complete after it.
    """

    def __init__(
        self,
        address: tuple[str, int],
        host: str,
        expect: str | tuple[str, ...],
        *,
        clients: int = 4,
        pause: float = 0.002,
        tls: ssl.SSLContext | None = None,
        fresh: bool = False,
    ) -> None:
        self.failures: list[Failure] = []
        self.served = 0
        self._address = address
        self._host = host
        self._expect = expect if isinstance(expect, tuple) else (expect,)
        self._pause = pause
        self._tls = tls
        self._extra = ("Connection: close",) if fresh else ()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self._threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self.wait_for(len(self._threads) * 5)
        return self

    def __exit__(self, *exc: object) -> None:
        self.finish()

    def finish(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a request never ended"

    def wait_for(self, more: int, seconds: float = 30.0) -> None:
        """Until so many further requests were served."""
        end = time.monotonic() + seconds
        with self._progress:
            wanted = self.served + more
            while self.served < wanted:
                left = end - time.monotonic()
                assert left > 0, f"the load stands still; failures: {self.failures[:5]}"
                self._progress.wait(left)

    def _client(self) -> None:
        client: RawClient | None = None
        while not self._stop.is_set():
            fresh = client is None
            try:
                if client is None:
                    client = RawClient(self._address, tls=self._tls, server_name=self._host if self._tls else None)
                answer = client.get(self._host, "/", *self._extra)
                if answer.status != 200 or not answer.text.startswith(self._expect):
                    raise BrokenAnswerError(f"{answer.status} {answer.text[:60]!r}")  # noqa: TRY301
                with self._progress:
                    self.served += 1
                    self._progress.notify_all()
                if (answer.header("connection") or "").lower() == "close":
                    client.close()
                    client = None
            except (BrokenAnswerError, OSError) as error:
                with self._lock:
                    self.failures.append(Failure(time.monotonic(), fresh, f"{type(error).__name__}: {error}"))
                if client is not None:
                    client.close()
                client = None
            self._stop.wait(self._pause)
        if client is not None:
            client.close()
