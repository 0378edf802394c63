"""What an option of the ConfigMap is. Must not know any option."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import TEXT, Type
from gateway.translate.rules import Rules


def closed(rules: Rules, name: str) -> Rules:
    """Every route answers 503, because of this option."""
    return replace(rules, closed_by=rules.closed_by or name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One row. `guard`: it keeps requests out, so that being without it is an error and not only a difference.

    `default` is ingress-nginx's, and asks for what happens anyway, as do `neutral`. `differs` says what is different
    from ingress-nginx although the option works, or although nothing is lost without it. `instead` says what to do
    about one that does not work. `unreadable` is what holds when the value cannot be read, in words and in deed, where
    the default would let more in than the author meant.
    """

    name: str
    family: str
    support: Support
    doc: str
    default: str = ""
    neutral: tuple[str, ...] = ()
    guard: bool = False
    differs: str = ""
    instead: str = ""
    needs: tuple[str, ...] = ()  # it says something only where one of these is true
    type: Type[Any] = TEXT
    apply: Callable[[Rules, Any], Rules] | None = None  # for the supported, unless they are read elsewhere
    elsewhere: bool = False  # what is more than one value of `Rules` is read, and judged, by a module of its own
    unreadable: tuple[str, Callable[[Rules], Rules]] | None = None
    check: Callable[[Rules, Any], str] | None = None  # what is wrong with a value that could be read; empty: nothing
    secret: bool = False  # the value is never shown
    closes: Callable[[Rules], Rules] | None = None  # for guards that do not work: what is closed meanwhile
    harmless: Callable[[str], bool] | None = None  # which values of such a guard keep nobody out after all
    advise: Callable[[str], str] | None = None  # what replaces the parts of a value, as one sentence

    def keeps_out(self, value: str) -> bool:
        """May the value be meant to keep a request out?"""
        return self.guard and not self.asks_nothing(value) and not (self.harmless and self.harmless(value))

    def asks_nothing(self, value: str) -> bool:
        """Does the value ask for what happens anyway?"""
        given = value.strip().lower()
        return given in {"", self.default.lower(), *(one.lower() for one in self.neutral)}
