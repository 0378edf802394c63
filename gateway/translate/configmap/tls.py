"""TLS toward clients."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.configmap.hsts import hsts_age, hsts_on, hsts_preload, hsts_subdomains
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER

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
    _planned(
        name="ssl-protocols",
        default="TLSv1.2 TLSv1.3",
        neutral=("TLSv1.3 TLSv1.2",),
        differs="TLS 1.2 and 1.3",
        doc="The versions of TLS.",
    ),
    _planned(
        name="ssl-ciphers", differs="the gateway's own list has no weak ones", doc="The cipher suites of TLS 1.2."
    ),
    _planned(name="ssl-ecdh-curve", default="auto", doc="The curves."),
    _idle(name="ssl-dh-param", doc="Parameters for DHE, which is not offered."),
    _idle(name="ssl-session-cache", default="true", doc="Sessions kept by the server; tickets do the same."),
    _idle(name="ssl-session-cache-size", default="10m", doc="How many sessions the server keeps."),
    _planned(name="ssl-session-timeout", default="10m", doc="How long a session may be resumed."),
    _planned(
        name="ssl-session-tickets",
        default="false",
        differs="they are, with keys that change",
        doc="Whether sessions are resumed by tickets.",
    ),
    _planned(name="ssl-session-ticket-key", doc="The key of tickets."),
    _idle(name="ssl-buffer-size", default="4k", doc="Size of TLS records; they fit what is sent."),
    _planned(
        name="ssl-early-data", default="false", doc="Whether data of the first flight is taken, which can be replayed."
    ),
    _planned(
        name="ssl-reject-handshake",
        default="false",
        guard=True,
        doc="Whether names without a host are refused in the handshake.",
    ),
    _planned(name="enable-ocsp", default="false", doc="Whether OCSP answers are stapled."),
)
