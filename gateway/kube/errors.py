"""What can go wrong with an API server. Three kinds, because three different people can do something about them."""


class ApiError(Exception):
    """The API server answered, and not with success. `retry_after` is what it asked for, in seconds."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}" if message else f"{status} {reason}")
        self.status = status
        self.reason = reason
        """Machine-readable, such as `Expired` or `Forbidden`."""
        self.message = message
        self.retry_after = retry_after


class Unreachable(Exception):  # noqa: N818 -- a state, not a mistake
    """No answer: refused, reset, too late, no TLS, no credentials. The text says which, and of which server."""


class KubeconfigError(Exception):
    """The access to the cluster is not described well. The text names the file, the entry, its value and the fix."""

    def __init__(self, file: str, entry: str, value: str, problem: str, fix: str) -> None:
        place = f"{file}: {entry}" if entry else file
        shown = f" {value!r}" if value else ""
        super().__init__(f"{place}{shown}: {problem}; {fix}")
        self.file = file
        self.entry = entry
        self.value = value


class Garbled(Exception):  # noqa: N818
    """The API server answered with success, and what came is not what it should be. The text says what is wrong."""
