"""Configuration text. Never supported: see SECURITY.md. Whatever may hold access rules closes what it covers."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations import idioms
from gateway.translate.ingress.annotations.declare import Annotation, Effect, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, LINES, TEXT

_TYPED: Final = "use typed annotations for what the text asks for, and remove it"
_refused = partial(
    Annotation,
    family="snippets",
    support=Support.REFUSED,
    type=LINES,
    risk=Risk.CRITICAL,
    instead=_TYPED,
    advise=idioms.advice,
)
_firewall = partial(Annotation, family="snippets", support=Support.PLANNED, scope=Scope.LOCATION)

ROWS: Final = (
    _refused(
        name="configuration-snippet",
        scope=Scope.LOCATION,
        unsupported_effect=Effect.CLOSED,
        doc="nginx text for the locations of the Ingress. It may hold access rules, so its routes are closed.",
    ),
    _refused(
        name="server-snippet",
        scope=Scope.SERVER,
        unsupported_effect=Effect.HOST_CLOSED,
        doc="nginx text for whole hosts. It may hold access rules for all of their paths, so the hosts are closed.",
    ),
    _refused(
        name="auth-snippet",
        scope=Scope.LOCATION,
        unsupported_effect=Effect.CLOSED,
        doc="nginx text for the request to auth-url. It is part of the access rules, so its routes are closed.",
    ),
    _refused(
        name="stream-snippet",
        scope=Scope.INGRESS,
        doc="nginx text for TCP and UDP. It says nothing about HTTP, so the Ingress is served without it.",
    ),
    _refused(
        name="modsecurity-snippet",
        scope=Scope.LOCATION,
        unsupported_effect=Effect.CLOSED,
        doc="Rules of a web application firewall. Closed: requests that they refuse would be let in.",
    ),
    _firewall(
        name="modsecurity-transaction-id",
        type=TEXT,
        risk=Risk.HIGH,
        doc="The identity of a request in the firewall's log. Refuses nothing by itself.",
    ),
    _firewall(
        name="enable-modsecurity",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        unsupported_effect=Effect.CLOSED,
        doc="A web application firewall. Closed until there is one: requests that it refuses would be let in.",
    ),
    _firewall(
        name="enable-owasp-core-rules",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        unsupported_effect=Effect.CLOSED,
        doc="The firewall's standard rules. Closed until there is one: requests that they refuse would be let in.",
    ),
)
