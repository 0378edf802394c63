"""How long a reflector waits for what. Seconds; not settable from outside, tests change some."""

from typing import Final

from msgspec import Struct


class Pace(Struct, frozen=True, kw_only=True):
    retry_first: float = 0.8  # as other controllers do, so that an API server in trouble sees nothing new from us
    retry_longest: float = 30.0
    retry_asked: float = 120.0  # the most of a Retry-After that is honoured: nobody may put us to sleep for a day
    settled: float = 60.0  # a watch that lived for so long is no failure, however it ended
    watch_least: float = 300.0  # the server is asked to end each watch after a time between these two,
    watch_most: float = 600.0  # so that watches move on to other API servers, not all at the same moment
    grace: float = 30.0  # after which a watch that the server should have ended is ended by us
    silence: float = 90.0  # on a stream that has had a bookmark: they come every minute
    initial: float = 10.0  # without a word before the end of the initial events: this server does not send them
    listing: float = 90.0  # for one page; API servers give up on a request after 60
    absent: float = 30.0  # before a server that did not know a kind is asked for it again
    confirm: float = 1.0  # before a list that lacks most objects is asked for again


LIST_LIMIT: Final = 500  # objects in a page: some milliseconds of work on both sides
PAGES: Final = 10_000  # of one list; a server that always says there is more must not keep us for ever
BREATH: Final = 250  # objects that are decoded before others get their turn on the event loop: about 2 ms
STORM_LEAST: Final = 20  # objects; fewer come and go together without anything being wrong
STORM_SHARE: Final = 0.5
