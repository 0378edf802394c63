"""What an annotation is. Must not know any annotation."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from gateway.translate.ingress.annotations.values import Type
from gateway.translate.ingress.settings import Settings

T = TypeVar("T")


class Scope(StrEnum):
    """What ingress-nginx applies it to."""

    LOCATION = "location"  # the paths of the Ingress
    INGRESS = "ingress"  # the Ingress as a whole
    SERVER = "server"  # every path of its hosts, also those of other Ingresses; the oldest Ingress decides
    UPSTREAM = "upstream"  # the Service port; the oldest Ingress that refers to it decides


class Risk(StrEnum):
    """How much harm a hostile value could do in ingress-nginx."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Support(StrEnum):
    SUPPORTED = "supported"
    PLANNED = "planned"  # not yet
    REFUSED = "refused"  # never: it would be configuration text
    NO_EFFECT = "no_effect"  # nothing here that it could adjust
    REMOVED = "removed"  # gone from ingress-nginx itself


class Effect(StrEnum):
    """What becomes of an Ingress with an annotation that is not supported."""

    IGNORED = "ignored"  # served without it
    CLOSED = "closed"  # its routes answer 503, because without it they could be open to the wrong requests
    HOST_CLOSED = "host_closed"  # all routes of its hosts do, because it protects the whole host


class OnInvalid(StrEnum):
    """ingress-nginx's four ways with a value that it cannot read, and ours."""

    DEFAULT = "S"  # the value is ignored and the default used; the same here
    INGRESS = "I"  # it keeps the last good version, or never serves the Ingress; here its routes answer 503
    LOCATION = "D"  # its routes answer 503; the same here
    HOST = "H"  # the whole host answers 403; here 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation(Generic[T]):
    """One row. `neutral` lists the values that ask for what happens anyway, supported or not."""

    name: str
    family: str
    type: Type[T]
    scope: Scope
    risk: Risk
    support: Support
    doc: str
    default: str = ""
    unsupported_effect: Effect = Effect.IGNORED
    on_invalid: OnInvalid = OnInvalid.DEFAULT
    neutral: tuple[T, ...] = ()
    apply: Callable[[Settings, T], Settings] | None = None  # exactly for the supported
    alias_of: str = ""  # read only when this name is absent
    instead: str = ""  # what to write instead, for those that are never supported
    differs: str = ""  # in what a supported one is not what ingress-nginx makes of it
    advise: Callable[[T], str] | None = None  # the same for one value; empty if there is nothing to add
