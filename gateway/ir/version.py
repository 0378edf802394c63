"""The version of the IR's shape, checked by both sides before a snapshot is read.

*minor* grows when a field with a default is added, *major* when anything else changes.
"""

from typing import Final

MAJOR: Final = 1
MINOR: Final = 8
