"""Answers of the API server that are no success → ApiError. Also the form in which a watch reports a failure."""

import http
import math
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from gateway.kube.errors import ApiError

MESSAGE: Final = 500  # characters of what the server said that are repeated


class _Details(Struct, frozen=True, rename="camel"):
    retry_after_seconds: float | None = None


class Status(Struct, frozen=True):
    """`kind: Status`, as far as it is read."""

    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: _Details | None = None


def failure(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """`headers` have names in lower case. A body that is no Status, such as a proxy's page, is left out."""
    try:
        said = msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = Status()
    return _error(status, said, _seconds(headers.get("retry-after")))


def reported(said: Status) -> ApiError:
    """Of the ERROR event of a watch."""
    return _error(said.code or 500, said, None)


def _error(status: int, said: Status, retry_after: float | None) -> ApiError:
    if retry_after is None and said.details is not None and said.details.retry_after_seconds:
        retry_after = said.details.retry_after_seconds
    message = " ".join((said.message or "").split())
    if len(message) > MESSAGE:
        message = f"{message[:MESSAGE]}…"
    return ApiError(status, said.reason or _phrase(status), message, retry_after)


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def _seconds(value: str | None) -> float | None:
    """API servers write Retry-After as a number; the form with a date is not read."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
