"""Keeping a client on one endpoint by a cookie."""

import re
from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, InvalidValueError, Parsed, Type, choice, parse_integer
from gateway.translate.ingress.annotations.values_http import TOKEN
from gateway.translate.ingress.settings import Settings

_supported = partial(Annotation, family="affinity", support=Support.SUPPORTED, scope=Scope.UPSTREAM)
_MOST_SECONDS: Final = 100 * 365 * 24 * 3600
_ATTRIBUTE: Final = re.compile(r"[!-:<-~]{1,1024}", re.ASCII)  # printable, without the semicolon that ends it
_DOMAIN: Final = re.compile(r"\.?[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?", re.ASCII)


def parse_span(text: str) -> Parsed[int]:
    """Seconds; before now is allowed, and ends the cookie."""
    seconds = parse_integer(text).value
    if abs(seconds) > _MOST_SECONDS:
        return Parsed(_MOST_SECONDS if seconds > 0 else -_MOST_SECONDS, f"the most is {_MOST_SECONDS} seconds")
    return Parsed(seconds)


def parse_cookie_path(text: str) -> Parsed[str]:
    if not text.startswith("/") or not _ATTRIBUTE.fullmatch(text):
        raise InvalidValueError("it is not the path of a cookie", "write a path that begins with /, without ;")
    return Parsed(text)


def parse_domain(text: str) -> Parsed[str]:
    if not _DOMAIN.fullmatch(text):
        raise InvalidValueError("it is not the domain of a cookie", "write a DNS name")
    return Parsed(text)


SPAN: Final = Type("seconds", "a whole number of seconds", parse_span)
COOKIE_PATH: Final = Type("path", "a path that begins with `/`", parse_cookie_path)
DOMAIN: Final = Type("domain", "a DNS name", parse_domain)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, affinity=replace(settings.affinity, **changed))


ROWS: Final = (
    _supported(
        name="affinity",
        type=choice("cookie"),
        risk=Risk.LOW,
        doc="Keeps a client on one endpoint by a cookie, which is HttpOnly. It is set on the routes of this Ingress "
        "with the first answer. A request whose endpoint fails is tried on another one, and the cookie stays.",
        apply=lambda settings, value: _with(settings, enabled=value == "cookie"),
    ),
    _supported(
        name="affinity-mode",
        type=choice("balanced", "persistent"),
        risk=Risk.MEDIUM,
        default="balanced",
        doc="Whether clients may move when endpoints come and go (`balanced`: about their share does), or only when "
        "their own goes.",
        apply=lambda settings, value: _with(settings, persistent=value == "persistent"),
    ),
    _supported(
        name="affinity-canary-behavior",
        type=choice("sticky", "legacy"),
        risk=Risk.LOW,
        default="sticky",
        doc="Whether the cookie also keeps a client on the canary, or on the primary, before header and weight.",
        apply=lambda settings, value: _with(settings, sticky=value == "sticky"),
    ),
    _supported(
        name="session-cookie-name",
        type=TOKEN,
        risk=Risk.MEDIUM,
        default="INGRESSCOOKIE",
        doc="The name of the cookie.",
        apply=lambda settings, value: _with(settings, cookie=value),
    ),
    _supported(
        name="session-cookie-path",
        type=COOKIE_PATH,
        risk=Risk.MEDIUM,
        doc="The Path of the cookie: by default the path of the route, or `/` where that is a regular expression.",
        apply=lambda settings, value: _with(settings, path=value),
    ),
    _supported(
        name="session-cookie-domain",
        type=DOMAIN,
        risk=Risk.MEDIUM,
        doc="The Domain of the cookie.",
        apply=lambda settings, value: _with(settings, domain=value),
    ),
    _supported(
        name="session-cookie-expires",
        type=SPAN,
        risk=Risk.MEDIUM,
        doc="Seconds until the Expires of the cookie.",
        apply=lambda settings, value: _with(settings, expires_s=value),
    ),
    _supported(
        name="session-cookie-max-age",
        type=SPAN,
        risk=Risk.MEDIUM,
        doc="The Max-Age of the cookie.",
        apply=lambda settings, value: _with(settings, max_age_s=value),
    ),
    _supported(
        name="session-cookie-secure",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        doc="Marks the cookie Secure also for plain HTTP requests. For those over TLS it always is.",
        apply=lambda settings, value: _with(settings, secure=value),
    ),
    _supported(
        name="session-cookie-samesite",
        type=choice("None", "Lax", "Strict", ignore_case=True),
        risk=Risk.LOW,
        doc="The SameSite of the cookie.",
        apply=lambda settings, value: _with(settings, same_site=value),
    ),
    _supported(
        name="session-cookie-conditional-samesite-none",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        doc="Leaves SameSite=None out for browsers that take it for something else: those of iOS 12, Safari of macOS "
        "10.14, Chrome from 51 to 66, and UC Browser before 12.13.2.",
        apply=lambda settings, value: _with(settings, same_site_by_browser=value),
    ),
    _supported(
        name="session-cookie-change-on-failure",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        doc="Leads a client whose endpoint fails to another one from then on, by a new cookie.",
        differs="without it a request whose endpoint fails is tried on another one all the same, where ingress-nginx "
        "tries the same one again; the cookie stays",
        apply=lambda settings, value: _with(settings, moves_on_failure=value),
    ),
)
