"""What is said of the ConfigMaps that the flags name. Codes GW3xx."""

from typing import Final

from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import Severity

OPTION_UNSUPPORTED: Final = Reason(
    "GW320",
    Severity.WARNING,
    "option is not supported yet",
    "Everything is served as if the ConfigMap did not have it.",
)
GUARD_UNSUPPORTED: Final = Reason(
    "GW321",
    Severity.ERROR,
    "option that protects is not supported yet, and routes are closed",
    "Served without it, requests that it was to keep out would come in. So what it is meant for answers 503.",
)
OPTIONS_MISSING: Final = Reason(
    "GW322",
    Severity.WARNING,
    "ConfigMap does not exist",
    "A flag names it. As soon as it is there, it is read.",
)
PORT_UNSUPPORTED: Final = Reason(
    "GW323",
    Severity.ERROR,
    "TCP and UDP services are not supported yet",
    "Nothing listens on the port.",
)
OPTION_ALONE: Final = Reason(
    "GW325",
    Severity.INFO,
    "option has no effect by itself",
    "It adjusts what another option asks for, and that one is not there or not true.",
)
OPTION_UNKNOWN: Final = Reason(
    "GW330",
    Severity.WARNING,
    "option is not known",
    "There is no option of this name, in ingress-nginx neither, where it is ignored in silence. It has no effect.",
)
OPTION_INVALID: Final = Reason(
    "GW331",
    Severity.WARNING,
    "option's value is not valid",
    "The value is ignored and the default used, as in ingress-nginx.",
)
OPTION_IDLE: Final = Reason(
    "GW332",
    Severity.INFO,
    "option has no effect here",
    "What it adjusts does not exist in this gateway, and nothing is lost without it.",
)
OPTION_REMOVED: Final = Reason(
    "GW333",
    Severity.WARNING,
    "option was removed from ingress-nginx",
    "Current releases of ingress-nginx ignore it in silence. It has no effect here either.",
)
OPTION_REFUSED: Final = Reason(
    "GW334",
    Severity.ERROR,
    "configuration text is refused",
    "No configuration text is ever taken from a ConfigMap. Everything is served as if the option was not there: what "
    "it was to keep out comes in.",
)
TEXT_CLOSED: Final = Reason(
    "GW336",
    Severity.ERROR,
    "configuration text may keep requests out, and what it governs is closed",
    "No configuration text is ever taken from a ConfigMap, and nobody can say whom this was to keep out. Whoever knows "
    "that a snippet keeps out nobody starts with --serve-without-snippets.",
)
OPTION_WHOLE: Final = Reason(
    "GW337",
    Severity.WARNING,
    "option holds for the whole gateway, not for a class",
    "Sockets and connections belong to no class: when such an option counts, nobody knows yet which Ingress a request "
    "is for. In the parameters of an IngressClass it has no effect.",
)
GUARD_INVALID: Final = Reason(
    "GW335",
    Severity.ERROR,
    "option that protects is not valid, and every route is closed",
    "Nobody can say whom it was to keep out, so everything answers 503.",
)
OPTION_ADJUSTED: Final = Reason(
    "GW340",
    Severity.INFO,
    "option's value is not taken as written",
    "The nearest value that can be had is used.",
)
