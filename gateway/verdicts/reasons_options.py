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
    "option that protects is not supported yet",
    "Everything is served as if the ConfigMap did not have it, so requests that it was to keep out come in.",
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
