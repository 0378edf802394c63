"""What users of the client need of it: each names the part that it calls, so that its tests need no more than that."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

MERGE_PATCH: Final = "application/merge-patch+json"
"""RFC 7396: as the content type of a PATCH."""


class Reads(Protocol):
    async def get(self, path: str, query: Mapping[str, str] = ..., *, timeout: float = ...) -> bytes:  # noqa: ASYNC109
        ...


class Writes(Protocol):
    async def send(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        content_type: str = ...,
        timeout: float = ...,  # noqa: ASYNC109
    ) -> bytes: ...


class Streams(Protocol):
    def stream(self, path: str, query: Mapping[str, str]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...


class ReadsAndWrites(Reads, Writes, Protocol):
    pass


class ReadsAndStreams(Reads, Streams, Protocol):
    pass
