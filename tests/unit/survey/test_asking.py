"""The socket that answers questions: one question, one answer, and bounds on both and on who asks."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.survey.asking import SOCKET, WAITING, Answering, Asked, AskError, ask
from gateway.survey.request import Request
from gateway.survey.standing import Standing, stand
from tests.golden.objects import load
from tests.golden.stand_ins import rules
from tests.unit.survey.test_reading import INGRESS


def _asked(_root: bytes, _segments: list[bytes], _question: bytes) -> bytes:
    raise ValueError("no data plane here")


def standing() -> Standing:
    found = stand(rules(), None, _asked)
    found.take(load(INGRESS))
    found.settle()
    return found


def _silent(line: str) -> None:
    raise AssertionError(line)


async def test_a_question_is_answered_with_a_document(tmp_path: Path) -> None:
    it = standing()
    async with Answering(lambda: it).serve(tmp_path / SOCKET, _silent):
        for kind, asked in (("routes/v1", "routes"), ("backends/v1", "backends"), ("findings/v1", "findings")):
            answer = await ask(tmp_path, Asked(asked))  # type: ignore[arg-type]
            assert json.loads(answer)["kind"] == kind
    assert not (tmp_path / SOCKET).exists()


async def test_what_the_data_plane_cannot_answer_is_told(tmp_path: Path) -> None:
    it = standing()
    root = it.root
    async with Answering(lambda: it).serve(tmp_path / SOCKET, _silent):
        with pytest.raises(AskError, match="the data plane has no answer: no data plane here"):
            await ask(tmp_path, Asked("explain", request=Request(url="http://a.example/")))
        with pytest.raises(AskError, match="names no scheme"):
            await ask(tmp_path, Asked("explain", request=Request(url="nonsense")))
    assert root in it.tree


async def test_before_anything_stands_that_is_said(tmp_path: Path) -> None:
    async with Answering(lambda: None).serve(tmp_path / SOCKET, _silent):
        with pytest.raises(AskError, match="nothing is served yet"):
            await ask(tmp_path, Asked("routes"))


async def test_too_many_who_ask_nothing_are_sent_away_at_once(tmp_path: Path) -> None:
    it = standing()
    async with Answering(lambda: it).serve(tmp_path / SOCKET, _silent):
        opened = [await asyncio.open_unix_connection(tmp_path / SOCKET) for _ in range(WAITING + 8)]
        try:
            asking = [asyncio.ensure_future(reader.read()) for reader, _ in opened]
            done = 0
            while done < 8:
                finished, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
                assert {one.result() for one in finished} == {b""}
                done += len(finished)
                asking = [one for one in asking if one not in finished]
        finally:
            for one in asking:
                one.cancel()
            for _, writer in opened:
                writer.close()
        assert json.loads(await _ask_until_there_is_room(tmp_path))["kind"] == "routes/v1"


async def _ask_until_there_is_room(state_dir: Path) -> bytes:
    async with asyncio.timeout(30):
        while True:
            try:
                return await ask(state_dir, Asked("routes"))
            except AskError:  # those who left are noticed in a moment
                await asyncio.sleep(0)


async def test_a_place_that_cannot_be_had_costs_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    ran = False
    async with Answering(lambda: None).serve(tmp_path / "none" / SOCKET, said.append):
        ran = True
    assert ran
    assert "cannot be asked" in said[0]


async def test_what_a_dead_control_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / SOCKET).touch()
    it = standing()
    async with Answering(lambda: it).serve(tmp_path / SOCKET, _silent):
        assert await ask(tmp_path, Asked("routes"))
