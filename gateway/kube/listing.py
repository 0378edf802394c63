"""One complete list, in pages. Knows where to ask from, and does not try again except for that."""

import asyncio
from enum import Enum

from gateway.kube.api import Reads
from gateway.kube.decode import ObjectDecoder, Page, read_page
from gateway.kube.errors import ApiError, Garbled
from gateway.kube.health import Counters
from gateway.kube.pace import BREATH, LIST_LIMIT, PAGES, Pace
from gateway.kube.population import Fresh
from gateway.kube.target import Target


class Since(Enum):
    """How new a list has to be. Each is dearer to the server than the one before."""

    WHATEVER = "any cached state: at the start, everything is new"
    LAST = "not older than what is known already, or the past would come back"
    NOW = "the newest there is, from the database"


def is_expired(error: ApiError) -> bool:
    """The version asked for is no longer there."""
    return error.status == 410 or error.reason in ("Expired", "Gone")


def is_ahead(error: ApiError) -> bool:
    """The version asked for is not there yet: the server lags behind, or its database was put back to the past."""
    return error.status == 504 and "resource version" in error.message.lower()


class Lister:
    def __init__(self, client: Reads, target: Target, decoder: ObjectDecoder, counters: Counters, pace: Pace) -> None:
        self._client = client
        self._target = target
        self._decoder = decoder
        self._counters = counters
        self._pace = pace
        self._begun = False  # the list that runs has had a page

    async def list(self, since: Since, version: str) -> Fresh:
        """Raises ApiError, Unreachable or Garbled."""
        self._counters.lists += 1
        query = {**self._target.selection, "limit": str(LIST_LIMIT)}
        if since is Since.WHATEVER:
            query["resourceVersion"] = "0"
        elif since is Since.LAST and version:
            # Without a limit, as only then every API server answers from its cache.
            query = {**self._target.selection, "resourceVersion": version, "resourceVersionMatch": "NotOlderThan"}
        try:
            return await self._pages(query)
        except ApiError as error:
            if not (is_expired(error) and self._begun):
                raise
        # It took longer than the server keeps a state for us. What is so large is taken in one go.
        self._counters.lists += 1
        return await self._pages(dict(self._target.selection))

    async def _pages(self, query: dict[str, str]) -> Fresh:
        fresh = Fresh(self._target.kind)
        self._begun = False
        for _ in range(PAGES):
            self._counters.pages += 1
            body = await self._client.get(self._target.path, query, timeout=self._pace.listing)
            page = read_page(body, self._target.resource)
            del body
            await self._take(page, fresh)
            self._begun = True
            # The first one's: should a later page be newer, the watch brings what happened between them.
            fresh.version = fresh.version or page.version
            if not page.more:
                return fresh
            query = {**self._target.selection, "limit": str(LIST_LIMIT), "continue": page.more}
        raise Garbled(f"a list of more than {PAGES} pages")

    async def _take(self, page: Page, fresh: Fresh) -> None:
        items = page.items
        items.reverse()
        while items:
            for _ in range(min(BREATH, len(items))):
                fresh.add(self._decoder.read(items.pop()))  # so that raw and typed are not both held
            await asyncio.sleep(0)
