"""The HTTPS server of the webhook. Every bound is here: size, time, number. What an answer says is `review`'s."""

import asyncio
import contextlib
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.webhook.review import Judge, NotAReviewError, answer

BODY_BYTES: Final = 8 << 20  # two versions of an object of 1.5 MB, the most that etcd takes, written out as JSON
BODY_SECONDS: Final = 5.0  # for a body to come; API servers wait ten for an answer
AT_ONCE: Final = 16  # reviews that are judged or read at a time; more wait, and are few
FRESH_SECONDS: Final = 30.0  # how old a certificate may be that was replaced on disk
PATH: Final = "/validate"


class Certificate:
    """Files with a chain and its key, read again when they change: cert-manager renews them in place."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._seen = self._state()
        self.context.load_cert_chain(chain, key)

    def renew(self) -> str:
        """Take what is on disk, if it is another. Says what keeps it from that; the one before is shown on then."""
        try:
            now = self._state()
            if now != self._seen:
                self.context.load_cert_chain(self._chain, self._key)
                self._seen = now
        except OSError as error:  # ssl.SSLError is one
            return f"the certificate in {self._chain} cannot be used, the last one is shown on: {error}"
        return ""

    def _state(self) -> tuple[int, ...]:
        return tuple(
            each for path in (self._chain, self._key) for each in (path.stat().st_mtime_ns, path.stat().st_size)
        )


class Webhook:
    def __init__(self, judge: Judge, *, deny: bool, say: Callable[[str], None]) -> None:
        self._judge = judge
        self._deny = deny
        self._say = say
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def run(self, host: str, port: int, certificate: Certificate) -> None:
        """Until SIGTERM or SIGINT. OSError where the address cannot be had."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with self.serve(host, port, certificate) as address:
            self._say(f"webhook: https://{address}{PATH}")
            await stop.wait()

    @contextlib.asynccontextmanager
    async def serve(self, host: str, port: int, certificate: Certificate) -> AsyncIterator[str]:
        """Yields the address that is bound. OSError where there is none."""
        application = web.Application(client_max_size=BODY_BYTES)
        application.add_routes([web.post(PATH, self._review), web.get("/healthz", _healthy)])
        runner = web.AppRunner(application, access_log=None, keepalive_timeout=75.0, shutdown_timeout=5.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port, ssl_context=certificate.context, backlog=128)
            await site.start()
            found = runner.addresses[0]
            async with asyncio.TaskGroup() as tasks:
                renewing = tasks.create_task(self._renew(certificate))
                yield f"{found[0]}:{found[1]}"
                renewing.cancel()
        finally:
            await runner.cleanup()

    async def _renew(self, certificate: Certificate) -> None:
        said = ""
        while True:
            await asyncio.sleep(FRESH_SECONDS)
            problem = certificate.renew()
            if problem and problem != said:
                self._say(problem)
            said = problem

    async def _review(self, request: web.Request) -> web.Response:
        async with self._turn:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await request.read()
                return web.Response(body=answer(body, self._judge, deny=self._deny), content_type="application/json")
            except TimeoutError:
                return web.Response(status=408, text="the body took too long\n")
            except NotAReviewError as error:
                return web.Response(status=400, text=f"{error}\n")


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")
