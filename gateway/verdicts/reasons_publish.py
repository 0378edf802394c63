"""What is said of an object that translate was content with and the data plane was not. Codes GW3xx."""

from typing import Final

from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import Severity

UNIT_REFUSED: Final = Reason(
    "GW300",
    Severity.ERROR,
    "refused by the data plane",
    "The data plane checks everything again before it serves it. What it refused is replaced by its last accepted "
    "version, or answers 503, and everything else is served.",
)
SNAPSHOT_REFUSED: Final = Reason(
    "GW301",
    Severity.ERROR,
    "whole configuration refused by the data plane",
    "No object could be blamed, so the last accepted configuration is served until something changes.",
)

REASONS: Final = (UNIT_REFUSED, SNAPSHOT_REFUSED)
