"""Very many changes of every kind while requests run. None may fail, neither on what stays nor on what changes.

Two loads run throughout: one on a host that nothing changes, one on the host whose endpoints change all the time.
Beside them, connections over TLS are opened to hosts whose Secrets are being replaced; each must show a certificate of
its host.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from itertools import count
from typing import Final

from cryptography import x509

from bench.child import BenchError, split_address
from bench.cluster import objects
from bench.cluster.contenders import Started
from bench.cluster.ground import WORDS, Ground
from bench.probing import Probes, turns_into
from bench.results import Mixed
from bench.traffic import Load, Outcome, Request

GROUP: Final = 5  # changes: an Ingress comes, changes and goes, a slice changes, a Secret is replaced
AT_ONCE: Final = 4
LOAD: Final = 1  # connection for each of the two loads: as fast as they are answered, and the machine has two cores
SECURE: Final = 20  # hosts whose Secrets are replaced
TLS_PAUSE: Final = 0.02  # seconds between two connections over TLS


async def change(ground: Ground, running: Started, changes: int) -> Mixed:
    loop = asyncio.get_running_loop()
    stage = ground.stage
    hosts = (objects.host(7), f"{objects.PROBE}.example.com")
    secure = Secure(running.https)
    with contextlib.ExitStack() as stack:
        loads = [
            stack.enter_context(
                Load(
                    stage.tools,
                    stage.folder,
                    running.http,
                    connections=LOAD,
                    core=None,
                    request=Request(host=host),
                    seconds=600,
                )
            )
            for host in hosts
        ]
        for load in loads:
            load.begin()
        asking = asyncio.create_task(secure.run())
        began = loop.time()
        await _changes(ground, changes // GROUP)
        seconds = loop.time() - began
        probes = await Probes.to(running.http)  # not earlier: who says nothing for long is not kept
        stack.callback(probes.close)
        await probes.begin(hosts[1], turns_into(WORDS[ground.placed].encode())).answered(60, "the last slice")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        outcomes = []
        for load in loads:
            load.end()
            outcomes.append(await asyncio.to_thread(load.outcome))
    if not secure.handshakes:
        raise BenchError(f"no connection over TLS came about: {secure.problem}")
    failed = sum(map(_failed, outcomes)) + secure.failed
    if failed:
        stage.say(f"cluster: {failed} failed: {outcomes}; TLS: {secure.problem or 'none'}")
    requests = sum(outcome.requests for outcome in outcomes)
    return Mixed(changes // GROUP * GROUP, seconds, requests, secure.handshakes, failed)


async def _changes(ground: Ground, groups: int) -> None:
    numbers: Iterator[int] = iter(range(groups))
    slices = asyncio.Lock()

    async def work() -> None:
        for number in numbers:
            name, where = f"mixed-{number}", objects.namespace(number)
            host = f"{name}.example.com"
            thing = objects.ingress(name, where, host, f"app-{number}")
            await ground.writer.create(thing)
            await ground.writer.patch(thing, {"spec": objects.ingress(name, where, host, "app-1", path="/v2")["spec"]})
            async with slices:
                ground.placed = (ground.placed + 1) % len(ground.targets)
                _, part, _ = objects.probed(ground.targets[ground.placed])
                await ground.writer.patch(part, {"ports": part["ports"]})
            secured = number % SECURE
            secret = await asyncio.to_thread(
                objects.secret, f"app-{secured}-tls", objects.namespace(secured), objects.host(secured)
            )
            await ground.writer.patch(secret, {"data": secret["data"]})
            await ground.writer.delete(thing)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(work())


def _failed(outcome: Outcome) -> int:
    wrong = sum(number for status, number in outcome.statuses.items() if status != "200")
    return wrong + sum(outcome.errors.values()) + outcome.reconnects


class Secure:
    """Asks over TLS, each time on a new connection. `problem` is the last thing that went wrong."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE  # they sign themselves; what they are for is looked at below
        self.handshakes = 0
        self.failed = 0
        self.problem = ""

    async def run(self) -> None:
        for number in count():
            host = objects.host(number % SECURE)
            try:
                problem = await self._ask(host)
            except (OSError, asyncio.IncompleteReadError) as error:
                problem = repr(error)
            self.handshakes += 1
            if problem:
                self.failed += 1
                self.problem = f"{host}: {problem}"
            await asyncio.sleep(TLS_PAUSE)

    async def _ask(self, host: str) -> str:
        reader, writer = await asyncio.open_connection(
            *split_address(self._address), ssl=self._tls, server_hostname=host
        )
        try:
            shown = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
            names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            if names.get_values_for_type(x509.DNSName) != [host]:
                return f"the certificate is for {names}"
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            return "" if head[9:12] == b"200" else head[:40].decode(errors="replace")
        finally:
            writer.transport.abort()
