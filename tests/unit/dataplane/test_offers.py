"""A conversation about one snapshot, without a socket."""

from gateway.dataplane.offers import ROUNDS, Offers
from gateway.publish.protocol import Accepted, Publish, Refused, Segments, Want
from tests.support import fake_core
from tests.support.fake_core import digest, segment


class Kept:
    """The engine's side: fake_core's rules without its file."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.engine = fake_core.Engine.__new__(fake_core.Engine)
        self.engine._store, self.engine._root = {}, None

    def offer(self, root: bytes, segments: list[bytes]) -> fake_core.Offer:
        self.calls.append(len(segments))
        known = {digest(each): each for each in segments}
        if root in known and b"refuse me" in known[root]:
            raise fake_core.Refused(root.hex(), "refuse me")
        if root in known and b"panic now" in known[root]:
            raise fake_core.PanicException("panic now")
        wanted = [each for each in (root, *LEAVES) if each not in known]
        return fake_core.Offer(root, wanted, len(segments))


LEAF = segment(refuse="", panic="")
LEAVES = (digest(LEAF),)
ROOT = segment(digest(LEAF))


def offers(kept: Kept) -> Offers:
    return Offers(kept.offer, fake_core.Refused)


def test_a_complete_publish_is_accepted_at_once() -> None:
    answer = offers(Kept()).take(Publish(1, digest(ROOT), (ROOT, LEAF)))
    assert answer == Accepted(1, digest(ROOT), built=2, reused=0, build_us=10, swap_us=1)


def test_what_is_missing_is_asked_for_and_added_to_what_came_before() -> None:
    kept = Kept()
    conversation = offers(kept)
    assert conversation.take(Publish(7, digest(ROOT), (ROOT,))) == Want(7, LEAVES)
    answer = conversation.take(Segments(7, (LEAF,)))
    assert isinstance(answer, Accepted)
    assert kept.calls == [1, 2]


def test_a_new_publish_supersedes_one_that_still_wants_segments() -> None:
    conversation = offers(Kept())
    assert isinstance(conversation.take(Publish(1, b"r" * 16, ())), Want)
    assert isinstance(conversation.take(Publish(2, digest(ROOT), (ROOT,))), Want)
    assert conversation.take(Segments(1, (LEAF,))) is None
    assert isinstance(conversation.take(Segments(2, (LEAF,))), Accepted)


def test_segments_that_nobody_asked_for_have_no_answer() -> None:
    assert offers(Kept()).take(Segments(1, (LEAF,))) is None


def test_a_refusal_names_segment_kind_field_and_reason() -> None:
    bad = segment(refuse="refuse me")
    answer = offers(Kept()).take(Publish(3, digest(bad), (bad,)))
    assert answer == Refused(3, digest(bad), digest(bad).hex(), "host", "routes[0].match", "refuse me")


def test_a_panic_of_the_engine_is_a_refusal_and_the_next_publish_is_served() -> None:
    conversation = offers(Kept())
    bad = segment(panic="panic now")
    answer = conversation.take(Publish(3, digest(bad), (bad,)))
    assert isinstance(answer, Refused)
    assert "PanicException: panic now" in answer.reason
    assert isinstance(conversation.take(Publish(4, digest(ROOT), (ROOT, LEAF))), Accepted)


def test_a_peer_that_never_sends_what_is_wanted_is_refused_in_the_end() -> None:
    conversation = offers(Kept())
    answer = conversation.take(Publish(9, digest(ROOT), (ROOT,)))
    rounds = 1
    while isinstance(answer, Want):
        answer = conversation.take(Segments(9, ()))
        rounds += 1
        assert rounds <= ROUNDS + 1
    assert isinstance(answer, Refused)
    assert answer.segment == LEAVES[0].hex()
