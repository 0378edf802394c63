"""Would the data plane take what stands? It checks everything once more, so it is asked as it will be."""

from collections.abc import Iterator
from typing import Final

from gateway.survey.explain import UnansweredError, answer, prepare
from gateway.survey.request import Request
from gateway.survey.standing import Standing
from gateway.verdicts.reasons_publish import SNAPSHOT_REFUSED
from gateway.verdicts.verdict import ObjectRef, Verdict

_ANY: Final = Request(url="http://any.invalid/")  # the answer does not matter, only that there is one
_FIX: Final = "change the object that it names; please report this, too: it should have been said of a field"


def refusals(standing: Standing) -> Iterator[Verdict]:
    """Nothing, mostly: translation knows the data plane's bounds."""
    try:
        answer(standing, prepare(standing, _ANY))
    except UnansweredError as error:
        yield SNAPSHOT_REFUSED.verdict(ObjectRef(), "", "", str(error), _FIX)
