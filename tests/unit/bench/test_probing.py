"""Probes against a small server whose answers change."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bench.child import BenchError
from bench.probing import Probes, has, turns_into


class Site:
    """Answers every request with what stands in `answer` at that moment, in two parts."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"
        self.requests: list[bytes] = []
        self.asked_again = asyncio.Event()
        self.served: list[asyncio.Task[None] | None] = []

    def serve(self, word: str) -> None:
        self.answer = f"HTTP/1.1 200 OK\r\ncontent-length: {len(word)}\r\n\r\n{word}".encode()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.served.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                if len(self.requests) > 6:
                    self.asked_again.set()
                writer.write(self.answer[:20])
                await writer.drain()
                writer.write(self.answer[20:])
        writer.close()


@contextlib.asynccontextmanager
async def probing(count: int = 3) -> AsyncIterator[tuple[Site, Probes]]:
    site = Site()
    server = await asyncio.start_server(site.connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    probes = await Probes.to(f"127.0.0.1:{port}", count)
    try:
        yield site, probes
    finally:
        probes.close()
        server.close()
        await asyncio.gather(*filter(None, site.served))


async def test_an_effect_is_seen_when_every_connection_has_seen_it() -> None:
    async with probing() as (site, probes):
        question = probes.begin("a.example.com", has(200, b"blue"), "/x")
        await site.asked_again.wait()
        site.serve("blue 1")
        before = asyncio.get_running_loop().time()
        assert await question.answered(30, "blue") > before
        assert site.requests[0].startswith(b"GET /x HTTP/1.1\r\nHost: a.example.com\r\n")
        site.serve("green")
        await probes.begin("a.example.com", turns_into(b"green")).answered(30, "green")


async def test_what_does_not_come_is_said_with_what_was_seen_instead() -> None:
    async with probing() as (_, probes):
        with pytest.raises(BenchError, match=r"3 of 3 connections do not see it after 0.1 s; last they saw \{404\}"):
            await probes.begin("a.example.com", has(200)).answered(0.1, "blue")


async def test_an_answer_that_must_not_be_ends_the_question() -> None:
    async with probing() as (_, probes):
        with pytest.raises(BenchError, match="answered with 404 while its route changed"):
            await probes.begin("a.example.com", turns_into(b"blue")).answered(30, "blue")


async def test_a_connection_that_is_closed_is_no_answer() -> None:
    async with probing(1) as (site, probes):
        site.answer = b""
        question = probes.begin("a.example.com", has(200))
        probes.close()
        with pytest.raises(BenchError, match="1 of 1"):
            await question.answered(0.1, "blue")
