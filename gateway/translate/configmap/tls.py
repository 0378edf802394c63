"""TLS toward clients."""

import re
from base64 import b64decode
from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.ir.secret import Secret
from gateway.translate.configmap.declare import Option
from gateway.translate.configmap.hsts import hsts_age, hsts_on, hsts_preload, hsts_subdomains
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, InvalidValueError, Parsed, Type
from gateway.translate.ingress.annotations.values_tls import CIPHERS, VERSIONS
from gateway.translate.limits import SESSION_SECONDS
from gateway.translate.rules import Rules

_TIME: Final = re.compile(r"(?:([0-9]{1,4})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,9})s?)?", re.ASCII)


def _with(rules: Rules, **changed: object) -> Rules:
    return replace(rules, listener_tls=replace(rules.listener_tls, **changed))


def parse_time(text: str) -> Parsed[int]:
    """Seconds, of a time as nginx writes it."""
    found = _TIME.fullmatch(text)
    if not found or not any(found.groups()):
        raise InvalidValueError("it is not a time", 'write digits and one of the units s, m, h, d, for example "10m"')
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    time = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if time < 1:
        raise InvalidValueError("a session is good for 1 second at the least", "write another time")
    if time > SESSION_SECONDS:
        return Parsed(SESSION_SECONDS, f"the most is {SESSION_SECONDS} seconds (a week)")
    return Parsed(time)


def parse_ticket_key(text: str) -> Parsed[Secret]:
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        raise InvalidValueError("it is not base64", "write openssl rand 80 | openssl enc -A -base64") from None
    if len(key) not in (48, 80):
        raise InvalidValueError(f"{len(key)} bytes are neither 48 nor 80", "make it anew: openssl rand 80")
    return Parsed(Secret(key))


TIME: Final = Type("time", "digits and one of the units `s`, `m`, `h`, `d`", parse_time)
TICKET_KEY: Final = Type("key", "80 or 48 bytes in base64", parse_ticket_key)

_supported = partial(Option, family="tls", support=Support.SUPPORTED)
_planned = partial(Option, family="tls", support=Support.PLANNED)
_idle = partial(Option, family="tls", support=Support.NO_EFFECT)

ROWS: Final = (
    _supported(
        name="hsts",
        default="true",
        type=BOOLEAN,
        apply=hsts_on,
        doc="Whether responses over TLS have Strict-Transport-Security.",
    ),
    _supported(name="hsts-max-age", default="31536000", type=INTEGER, apply=hsts_age, doc="Its max-age, in seconds."),
    _supported(
        name="hsts-include-subdomains",
        default="true",
        type=BOOLEAN,
        apply=hsts_subdomains,
        doc="Its includeSubDomains.",
    ),
    _supported(name="hsts-preload", default="false", type=BOOLEAN, apply=hsts_preload, doc="Its preload."),
    _supported(
        name="ssl-protocols",
        default="TLSv1.2 TLSv1.3",
        type=VERSIONS,
        apply=lambda rules, value: _with(rules, oldest=value.oldest, newest=value.newest),
        differs="versions before TLS 1.2 are never spoken",
        doc="The versions of TLS.",
    ),
    _supported(
        name="ssl-ciphers",
        type=CIPHERS,
        check=lambda rules, value: rules.check_ciphers(value) or "",
        apply=lambda rules, value: _with(rules, ciphers=value),
        differs="by default ECDHE with AES-GCM or ChaCha20",
        doc="The cipher suites of TLS 1.2.",
    ),
    _supported(
        name="ssl-prefer-server-ciphers",
        default="true",
        type=BOOLEAN,
        apply=lambda rules, value: _with(rules, client_order=not value),
        doc="Whether the server's order of cipher suites counts.",
    ),
    _supported(
        name="ssl-ecdh-curve",
        default="auto",
        type=CIPHERS,
        check=lambda rules, value: "" if value == "auto" else rules.check_groups(value) or "",
        apply=lambda rules, value: _with(rules, groups="" if value == "auto" else value),
        doc="The curves of the key exchange.",
    ),
    _idle(
        name="ssl-dh-param",
        differs="DHE is not offered, so there is nothing that its parameters could adjust",
        doc="Parameters for DHE, which is not offered.",
    ),
    _idle(
        name="ssl-session-cache",
        default="true",
        differs="sessions are not kept by the server; clients keep them, as tickets, unless ssl-session-tickets is off",
        doc="Sessions kept by the server; tickets do the same.",
    ),
    _idle(
        name="ssl-session-cache-size",
        default="10m",
        differs="sessions are not kept by the server; clients keep them, as tickets",
        doc="How many sessions the server keeps.",
    ),
    _supported(
        name="ssl-session-timeout",
        default="10m",
        type=TIME,
        apply=lambda rules, value: _with(rules, session_s=value),
        doc="How long a session may be resumed.",
    ),
    _supported(
        name="ssl-session-tickets",
        default="true",
        type=BOOLEAN,
        apply=lambda rules, value: _with(rules, tickets=value),
        differs="ingress-nginx keeps sessions in its own memory instead, by default",
        doc="Whether sessions are resumed by tickets, and so at all.",
    ),
    _supported(
        name="ssl-session-ticket-key",
        type=TICKET_KEY,
        secret=True,
        apply=lambda rules, value: _with(rules, ticket_key=value),
        differs="without it each data plane has keys of its own, which change every 12 hours and open tickets for "
        "12 hours more",
        doc="The key of tickets, 80 or 48 bytes in base64. It stays until it is replaced here.",
    ),
    _idle(name="ssl-buffer-size", default="4k", differs="records fit what is sent", doc="Size of TLS records."),
    _idle(
        name="ssl-early-data",
        default="false",
        differs="data of the first flight can be replayed by anybody who has seen it, so it is not taken; clients send "
        "it again after the handshake",
        doc="Whether data of the first flight is taken.",
    ),
    _supported(
        name="ssl-reject-handshake",
        default="false",
        guard=True,
        type=BOOLEAN,
        apply=lambda rules, value: _with(rules, known_names_only=value),
        doc="Whether names without a host are refused in the handshake.",
    ),
    _planned(
        name="enable-ocsp",
        default="false",
        differs="answers of authorities are not fetched yet, so none are stapled; clients ask for themselves",
        doc="Whether OCSP answers are stapled.",
    ),
)
