"""One file: documents, verdicts with their places, and what is read again."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.objects.meta import ObjectKey
from gateway.sources import reading
from gateway.sources.documents import chunks, parse_chunk
from gateway.sources.reading import FileReading, read_file

Manifest = Callable[..., str]


def key(name: str) -> ObjectKey:
    return ObjectKey("Ingress", "default", name)


def said(read: FileReading) -> list[tuple[str, str, str]]:
    return [(verdict.code, str(verdict.origin), verdict.field) for verdict in read.verdicts]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("shop.yaml")


def read(file: Path, text: str | bytes, before: FileReading | None = None) -> FileReading:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_file(str(file), before)


def test_documents_of_a_file(file: Path, manifest: Manifest) -> None:
    text = f"# head\n---\n{manifest('a')}---  # next\n# nothing\n---\n{manifest('b')}...\n---\n---\n"
    found = read(file, text)
    assert set(found.objects) == {key("a"), key("b")}
    assert found.verdicts == ()
    assert found.complete
    assert str(found.objects[key("b")].origin) == "shop.yaml:13:1"


def test_directives_and_windows_line_ends_and_a_mark_at_the_start(file: Path, manifest: Manifest) -> None:
    text = "\ufeff%YAML 1.1\n---\n" + manifest("a") + "---\n" + manifest("b")
    found = read(file, text.replace("\n", "\r\n"))
    assert set(found.objects) == {key("a"), key("b")}
    assert found.verdicts == ()


def test_line_ends_of_old_macs(file: Path, manifest: Manifest) -> None:
    text = manifest("a") + "---\n" + manifest("b").replace("spec:", "spek:")
    found = read(file, text.replace("\n", "\r"))
    assert set(found.objects) == {key("a"), key("b")}
    assert said(found) == [("GW106", "shop.yaml:13:1", "spek")]


def test_verdicts_have_file_line_and_column(file: Path, manifest: Manifest) -> None:
    text = manifest("a") + "---\n" + manifest("b", "8080") + "---\n" + manifest("c", "{x: 1}")
    found = read(file, text)
    assert said(found) == [
        ("GW104", "shop.yaml:15:11", "spec.rules[0].host"),
        ("GW104", "shop.yaml:23:5", "spec.rules[0].host"),
    ]
    assert found.broken == {key("b"), key("c")}
    assert found.complete


def test_items_of_a_list(file: Path) -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}}\n"
        "- {apiVersion: networking.k8s.io/v1, kind: Ingress,\n   metadata: {name: b, labels: {a: 7}}}\n"
    )
    found = read(file, text)
    assert str(found.objects[key("a")].origin) == "shop.yaml:4:3"
    assert said(found) == [("GW107", "shop.yaml:6:36", "metadata.labels.a")]


def test_a_malformed_document_leaves_the_others_alone(file: Path, manifest: Manifest) -> None:
    found = read(file, manifest("a") + "---\na: [\n---\n" + manifest("b"))
    assert set(found.objects) == {key("a"), key("b")}
    assert not found.complete
    assert [(code, place) for code, place, _ in said(found)] == [("GW120", "shop.yaml:10:1")]
    assert found.verdicts[0].reason


def test_a_repeated_key_breaks_its_document(file: Path, manifest: Manifest) -> None:
    found = read(file, manifest("a") + "spec: {}\n---\n" + manifest("b"))
    assert set(found.objects) == {key("b")}
    assert found.broken == {key("a")}
    assert [(code, place) for code, place, _ in said(found)] == [("GW121", "shop.yaml:8:1")]
    assert found.verdicts[0].object.name == "a"


def test_the_same_object_twice_in_one_file(file: Path, manifest: Manifest) -> None:
    found = read(file, manifest("a", "one.example.com") + "---\n" + manifest("a", "two.example.com"))
    assert found.objects[key("a")].origin.line == 1
    assert [(code, place) for code, place, _ in said(found)] == [("GW126", "shop.yaml:9:1")]
    assert "shop.yaml:1:1" in found.verdicts[0].reason


def test_what_is_no_object_gets_a_verdict(file: Path) -> None:
    assert [code for code, _, _ in said(read(file, "replicas: 3\n---\n- a\n---\njust text\n"))] == ["GW100"] * 3


def test_other_kinds_have_a_place(file: Path, manifest: Manifest) -> None:
    found = read(file, manifest("a") + "---\napiVersion: apps/v1\nkind: Deployment\n")
    assert {kind: str(place) for kind, place in found.foreign.items()} == {"apps/v1 Deployment": "shop.yaml:9:1"}
    assert found.verdicts == ()


def test_json_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = '{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}, "x": 1}'
    other = one.replace('"a"', '"b"')
    found = read(Path("a.json"), f"\n  {one} {other}")
    assert set(found.objects) == {key("a"), key("b")}
    assert said(found)[0] == ("GW106", "a.json:2:93", "x")
    assert said(read(Path("a.json"), one[:-1]))[0][:2] == ("GW120", "a.json:1:92")
    assert said(read(Path("a.json"), one.replace('"x"', '"kind"')))[0][0] == "GW121"


def test_text_that_is_not_utf8(file: Path, manifest: Manifest) -> None:
    assert said(read(file, manifest("a").encode() + b"# caf\xe9\n"))[0][:2] == ("GW120", "shop.yaml:8:6")


def test_unchanged_text_is_not_parsed_again(file: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    def count(text: str, *, json: bool) -> object:
        parsed.append(text)
        return parse_chunk(text, json=json)

    monkeypatch.setattr(reading, "parse_chunk", count)
    text = "---\n".join(manifest(f"i{index}") for index in range(1_000))
    first = read(file, text)
    assert len(parsed) == 1_000
    assert read(file, text, first) is first
    parsed.clear()
    second = read(file, "# moved\n" + text.replace("name: i500", "name: changed"), first)
    assert len(parsed) == 2  # the comment belongs to the first one
    assert second.objects[key("i7")].object is first.objects[key("i7")].object
    assert second.objects[key("i7")].origin.line == first.objects[key("i7")].origin.line + 1


def test_absent_and_unreadable_files(tmp_path: Path) -> None:
    assert not read_file(str(tmp_path / "none.yaml"), None).exists
    assert not read_file(str(tmp_path / "none.yaml" / "below.yaml"), None).exists
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    for path in (tmp_path, loop):
        found = read_file(str(path), None)
        assert found.exists
        assert not found.complete
        assert said(found)[0][:2] == ("GW124", str(path))


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    assert said(read_file(str(path), None))[0][0] == "GW124"


def test_errors_of_the_disk_and_of_our_own(file: Path) -> None:
    def fails(error: Exception) -> Callable[[str], bytes]:
        def load(_path: str) -> bytes:
            raise error

        return load

    denied = read_file(str(file), None, fails(PermissionError(errno.EACCES, "Permission denied")))
    assert said(denied)[0][0] == "GW124"
    assert "Permission denied" in denied.verdicts[0].reason
    assert said(read_file(str(file), None, fails(KeyError("hunter2"))))[0][0] == "GW124"
    assert "hunter2" not in repr(read_file(str(file), None, fails(KeyError("hunter2"))))


def test_a_file_over_the_limit(file: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FILE_BYTES", 100)
    found = read(file, manifest("a"))
    assert said(found)[0][0] == "GW123"
    assert "100 bytes" in found.verdicts[0].reason


def test_a_ten_megabyte_annotation(file: Path, manifest: Manifest) -> None:
    began = time.process_time()
    text = manifest("a").replace("spec:", f"  annotations:\n    a: {'x' * 10_000_000}\nspec:") + "---\n" + manifest("b")
    found = read(file, text)
    assert time.process_time() - began < 5
    assert said(found) == [("GW108", "shop.yaml:5:3", "metadata.annotations")]
    assert set(found.objects) == {key("b")}
    assert len(repr(found.verdicts)) < 2_000


def test_secrets_show_up_in_no_verdict(file: Path) -> None:
    text = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {tls.key: hunter2!}\n---\n"
        "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData:\n  a: *hunter2\n---\n"
        "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\nstringData:\n  a: 'hunter2\n"
    )
    found = read(file, text)
    assert [code for code, _, _ in said(found)] == ["GW109", "GW120", "GW120"]
    assert "hunter2" not in repr(found.verdicts)


def test_chunks_of_nothing() -> None:
    for text in ("", "\n", "# only\n", "---\n---\n...\n", "%YAML 1.1\n"):
        assert list(chunks(text, json=False)) == []


PIECES = r"""apiVersion: v1|kind: |Secret|List|items:|-|  |metadata: |{name: a}|data:|---|...|&a |*a|<<: |!!binary |!x |
|[|]|{|}|: |'|"|\ud800|# |%|1e999|.inf|0x|~|? |"""


@given(
    text=st.lists(
        st.one_of(st.sampled_from(PIECES.split("|")), st.sampled_from("\n\t\r\x00\ufeff\u2028|"), st.text(max_size=3)),
        max_size=40,
    ).map("".join),
    name=st.sampled_from(["a.yaml", "a.json"]),
)
def test_nothing_that_a_file_can_hold_is_an_error_of_ours(text: str, name: str) -> None:
    found = read_file(name, None, lambda _: text.encode(errors="surrogatepass"))
    assert not [verdict for verdict in found.verdicts if "internal" in verdict.reason]
    assert all(verdict.origin is not None and verdict.origin.line >= 1 for verdict in found.verdicts)
