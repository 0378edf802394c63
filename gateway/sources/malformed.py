"""Text that is no YAML or JSON, or more than we take."""

from typing import Final

from gateway.verdicts.reasons import Reason
from gateway.verdicts.reasons_objects import TOO_COMPLEX

DEPTH: Final = 100  # of nested collections; Kubernetes objects need fewer than 20, and readers recurse
NODES: Final = 1_000_000  # values in one document, aliases written out: a list of 10,000 Ingresses has about 500,000


class MalformedError(Exception):
    """Line and column count from 0, within the text. Never repeats the text: it may be a Secret."""

    def __init__(self, reason: Reason, line: int, column: int, text: str, fix: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.line = line
        self.column = column
        self.text = text
        self.fix = fix


def too_deep(line: int, column: int) -> MalformedError:
    text = f"collections are nested more than {DEPTH} deep"
    return MalformedError(TOO_COMPLEX, line, column, text, "write it flatter; no Kubernetes object needs that depth")


def too_many(line: int, column: int) -> MalformedError:
    text = f"the document has more than {NODES} values, aliases written out"
    return MalformedError(TOO_COMPLEX, line, column, text, "split it into several documents, without aliases")
