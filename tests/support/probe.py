"""One client's bytes through the gateway to a recorder: what came back, and what arrived there."""

from typing import NamedTuple

from tests.support.engine import Gate
from tests.support.raw_client import BrokenAnswerError, Response
from tests.support.recorder import Connection, Recorder
from tests.support.wire_client import WireClient


class Probe(NamedTuple):
    """The gateway's final answers in order, what came after the last whole one, and was the connection cut?"""

    answers: list[Response]
    leftover: bytes
    cut: bool

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


def send(client: WireClient, pieces: list[bytes]) -> None:
    """Sends piece by piece, as long as the gateway takes them: it may have answered and closed."""
    for piece in pieces:
        try:
            client.send(piece)
        except ConnectionError:
            return


def probe(gate: Gate, pieces: list[bytes], *, methods: list[bytes], wait: bool = True) -> Probe:
    """Sends, reads the first answer (with `wait`), ends our side, and reads the rest to the end.

    `methods` are those of the requests in the bytes, as far as they are known: HEAD is answered without a body.
    """
    answers: list[Response] = []
    heads = [method == b"HEAD" for method in methods]
    with gate.client() as client:
        send(client, pieces)
        try:
            if wait:
                answers.append(client.response(to_head=bool(heads) and heads[0]))
            finish(client)
            while True:
                to_head = len(answers) < len(heads) and heads[len(answers)]
                answers.append(client.response(to_head=to_head))
        except BrokenAnswerError as error:
            leftover, end = client.rest()
            return Probe(answers, leftover, cut=error.__cause__ is not None or end == "reset")


def finish(client: WireClient) -> None:
    try:
        client.finish()
    except OSError:
        return  # it is closed from the other side


def settled(gate: Gate, recorder: Recorder) -> list[Connection]:
    """Every connection that reached the recorder, once nothing is under way any more."""
    counters = gate.wait(
        lambda now: (
            now["ConnectionsOpenedHttp"] == now["ConnectionsClosedHttp"]
            and now["UpstreamConnectionsOpened"] == now["UpstreamConnectionsClosed"]
        )
    )
    return recorder.take(counters["UpstreamConnectionsOpened"] - recorder.taken)
