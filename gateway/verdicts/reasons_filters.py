"""What is said of what annotations and options refer to. Codes GW4xx."""

from typing import Final

from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import Severity

REFERENCE_CLOSED: Final = Reason(
    "GW400",
    Severity.ERROR,
    "what the annotation refers to cannot be used, and its routes are closed",
    "Without it nobody can say whom to let in or what to answer, so the routes answer 503 until it is there.",
)
SECRET_UNUSED: Final = Reason(
    "GW401",
    Severity.WARNING,
    "Secret with passwords is not used",
    "A password is asked for only where auth-type says so.",
)
USERS_SHUT_OUT: Final = Reason(
    "GW402",
    Severity.WARNING,
    "some users cannot come in",
    "Their passwords are stored in a way that is not accepted. They are refused as if the password were wrong.",
)
CANARY_WITHOUT_PRIMARY: Final = Reason(
    "GW403",
    Severity.WARNING,
    "canary has no primary",
    "A canary gets requests of another Ingress's path with the same host, text and type. There is none.",
)
CANARY_IS_PRIMARY: Final = Reason(
    "GW404",
    Severity.WARNING,
    "canary leads to the backend of its primary",
    "Both are one and the same, so the canary has no effect.",
)
CANARY_RULELESS: Final = Reason(
    "GW405",
    Severity.INFO,
    "canary gets no requests",
    "None of weight, header and cookie is set.",
)
ALIAS_TAKEN: Final = Reason(
    "GW406",
    Severity.WARNING,
    "alias is a host of its own",
    "A name that some Ingress has as a host is served as that host says.",
)
DECIDED_BY_OLDER: Final = Reason(
    "GW407",
    Severity.WARNING,
    "annotation is decided by an older Ingress",
    "It is about the host as a whole, and the oldest Ingress of the host decides.",
)
NO_ERROR_BACKEND: Final = Reason(
    "GW408",
    Severity.WARNING,
    "nobody answers for errors",
    "Errors are answered by a default backend. There is none, so they stay as they are.",
)
WITHOUT_EFFECT: Final = Reason(
    "GW420",
    Severity.WARNING,
    "annotation has no effect by itself",
    "It adjusts what another annotation asks for, and that one is not there.",
)
NOBODY_PASSES: Final = Reason(
    "GW421",
    Severity.ERROR,
    "no backend can be verified",
    "A backend is verified by a name, and none is given. Its certificate is never taken without one.",
)
NOBODY_TO_ASK: Final = Reason(
    "GW422",
    Severity.ERROR,
    "service that decides about requests cannot be asked",
    "Nobody passes without its word: requests are answered 500 until its host leads to another machine's address.",
)
