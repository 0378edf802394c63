"""What an API server accepts as the name of an object (RFC 1123). Files have no API server in front of them."""

import re
from typing import Final

NAME_LENGTH: Final = 253
LABEL_LENGTH: Final = 63
_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_ONE_LABEL: Final = re.compile(_LABEL)

# Their names become DNS labels. (Before Kubernetes 1.34 those of Services had to begin with a letter, too.)
LABEL_KINDS: Final = frozenset({"Namespace", "Service"})


def name_problem(name: str, *, label: bool) -> str | None:
    """Why the text is no object name, or None. With `label` it is held to one DNS label."""
    longest = LABEL_LENGTH if label else NAME_LENGTH
    if len(name) > longest:
        return f"{len(name)} characters are more than {longest}"
    if (_ONE_LABEL if label else _SUBDOMAIN).fullmatch(name):
        return None
    letters = "lower-case letters, digits and hyphens" if label else "lower-case letters, digits, hyphens and dots"
    return f"a name holds only {letters}, and begins and ends with a letter or digit"
