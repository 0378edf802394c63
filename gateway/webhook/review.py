"""An AdmissionReview → its answer. Pure: bytes in, bytes out. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.verdicts.news import line
from gateway.verdicts.verdict import Severity, Verdict

API: Final = "admission.k8s.io/v1"
WARNINGS: Final = 20  # of one answer; API servers bound all of them together to 4 KiB
WARNING_CHARACTERS: Final = 250  # of one; API servers cut what is longer
ERRORS: Final = 20  # that a refusal names

Judge = Callable[[object], Sequence[Verdict]]


class Request(Struct, frozen=True, rename="camel"):
    uid: str
    operation: str = ""
    object: Any = None
    old_object: Any = None


class Review(Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    request: Request


class Status(Struct, frozen=True):
    code: int
    reason: str
    message: str


class Response(Struct, frozen=True, omit_defaults=True):
    uid: str
    allowed: bool
    status: Status | None = None
    warnings: tuple[str, ...] = ()


class Answer(Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    response: Response


class NotAReviewError(ValueError):
    """What was sent is no AdmissionReview of version v1."""


def answer(body: bytes, judge: Judge, *, deny: bool = True) -> bytes:
    """Refuses an object with errors that its last version did not have: what stands already can always be edited, or
    nobody could mend anything else in it. Raises NotAReviewError.
    """
    request = _request(body)
    if request.operation not in ("CREATE", "UPDATE") or request.object is None:
        return _encode(Response(request.uid, allowed=True))
    found = judge(request.object)
    before = judge(request.old_object) if request.old_object is not None else ()
    known = {_substance(one) for one in before}
    errors = [one for one in found if one.severity is Severity.ERROR and _substance(one) not in known]
    if errors and deny:
        message = "; ".join(line(one) for one in errors[:ERRORS])
        more = f"; and {len(errors) - ERRORS} more" if len(errors) > ERRORS else ""
        return _encode(Response(request.uid, allowed=False, status=Status(422, "Invalid", message + more)))
    told = [line(one) for one in found if one.severity is not Severity.INFO]
    warnings = tuple(one if len(one) <= WARNING_CHARACTERS else f"{one[: WARNING_CHARACTERS - 1]}…" for one in told)
    return _encode(Response(request.uid, allowed=True, warnings=warnings[:WARNINGS]))


def _request(body: bytes) -> Request:
    try:
        review = msgspec.json.decode(body, type=Review)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise NotAReviewError(f"it is no AdmissionReview: {error}") from error
    if (review.api_version, review.kind) != (API, "AdmissionReview"):
        raise NotAReviewError(f"it is {review.api_version} {review.kind}, not an AdmissionReview of {API}")
    return review.request


def _substance(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.code, verdict.field, verdict.value


def _encode(response: Response) -> bytes:
    return msgspec.json.encode(Answer(API, "AdmissionReview", response))
