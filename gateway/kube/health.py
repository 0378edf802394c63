"""How a reflector fares: what it tells when that changes, and what it counts."""

from msgspec import Struct

from gateway.kube.target import Denial, Target


class Health(Struct, frozen=True):
    """`since` is when it became so, by the reflector's clock. `error` is empty before the first failure."""

    target: Target
    healthy: bool
    since: float
    error: str = ""
    denial: Denial | None = None
    """The right that is missing, if that is it."""

    def __str__(self) -> str:
        return f"{self.target}: {'watched' if self.healthy else self.error or 'not listed yet'}"


class Counters(Struct):
    """Only grow, except the last two. One per reflector, or shared by several."""

    lists: int = 0
    pages: int = 0
    relists: int = 0  # complete states taken in after the first
    watches: int = 0
    events: int = 0
    stale_events: int = 0  # older than what was known; dropped
    bookmarks: int = 0
    failures: int = 0
    flawed: int = 0  # versions of objects that could not be used
    storms: int = 0  # lists that lacked most of what was known
    objects: int = 0
    last_word: float | None = None
    """When the server last said anything, by the reflector's clock: the age of what is known."""

    def __add__(self, other: "Counters") -> "Counters":
        sums = {
            name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__ if name != "last_word"
        }
        words = [word for word in (self.last_word, other.last_word) if word is not None]
        return Counters(**sums, last_word=max(words, default=None))
