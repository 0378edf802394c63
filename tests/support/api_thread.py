"""The fake API server in a thread, for tests that start real processes and wait for them."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from tests.support.fake_api_server import FakeApiServer, serving

T = TypeVar("T")
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test, namespace: gate}}}}]
clusters: [{{name: test, cluster: {{server: "{url}"}}}}]
users: [{{name: test, user: {{}}}}]
"""


class ApiThread:
    """`call` runs a function in the thread of the server. It can be stopped, and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = contextlib.AsyncExitStack()
        self._port = 0
        self.server: FakeApiServer
        self.start()

    def start(self) -> None:
        before = getattr(self, "server", None)

        async def begin() -> FakeApiServer:
            server = await self._stack.enter_async_context(serving(port=self._port))
            if before is not None:
                server.store = before.store
            return server

        self.server = asyncio.run_coroutine_threadsafe(begin(), self._loop).result(30)
        self._port = int(self.server.url.rpartition(":")[2])
        self.kubeconfig.write_text(KUBECONFIG.format(url=self.server.url))

    def stop(self) -> None:
        """Nothing listens there any more, and every connection is reset."""

        async def end() -> None:
            self.server.drop_connections()
            await self._stack.aclose()
            self._stack = contextlib.AsyncExitStack()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(30)

    def call(self, function: Callable[[FakeApiServer], T]) -> T:
        async def run() -> T:
            return function(self.server)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(30)

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()


@contextlib.contextmanager
def api_thread(folder: Path) -> Iterator[ApiThread]:
    api = ApiThread(folder)
    try:
        yield api
    finally:
        api.close()
