"""Access-log lines, word for word, from both readers."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import _shm
from gateway.telemetry import shm_twin
from gateway.telemetry.layout import Record
from gateway.telemetry.shm_writer import Writer

READERS = (_shm.Reader, shm_twin.Reader)
# 23 November 2026, 22:12:28.120 UTC
AT = 1_795_471_948_120_000_000
PLAIN = Record(
    status=200,
    flags=3,
    start_unix_ns=AT,
    duration_us=3_204,
    upstream_us=2_871,
    request_length=412,
    body_bytes_sent=1_024,
    upstream_response_length=1_030,
    slot=1,
    upstream_status=201,
    tries=1,
    tls_version=0x0304,
    remote_addr=b"203.0.113.7",
    remote_port=b"51234",
    method=b"GET",
    target=b"/items?page=2",
    protocol=b"HTTP/1.1",
    host=b"shop.example.com",
    referer=b"https://shop.example.com/",
    user_agent=b"curl/8.5.0",
    request_id=b"4f2a9c1d",
    upstream_addr=b"10.244.3.17:8080",
)
ROUTE = (1, "shop", "web", "items", "80", "shop.example.com", "/items")


def line(reader: type[_shm.Reader], record: Record, access_log_format: str) -> str:
    writer = Writer(workers=1, slots=4, ring_bytes=16_384)
    assert writer.push(0, record)
    used = reader(writer.memory)
    used.learn([ROUTE, (2, "shop", "old", "", "", "shop.example.com", "/old")])
    return used.drain(format=access_log_format).decode("ascii")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {},
            (
                '203.0.113.7 - - [23/Nov/2026:22:12:28 +0000] "GET /items?page=2 HTTP/1.1" 200 1024'
                ' "https://shop.example.com/" "curl/8.5.0" 412 0.003 [shop-items-80] [] 10.244.3.17:8080 1030 0.002 201'
                " 4f2a9c1d\n"
            ),
        ),
        # Nothing upstream, no route, no optional header.
        (
            {"flags": 1, "slot": 0, "referer": b"", "user_agent": b"", "request_id": b"", "status": 404},
            (
                '203.0.113.7 - - [23/Nov/2026:22:12:28 +0000] "GET /items?page=2 HTTP/1.1" 404 1024'
                ' "-" "-" 412 0.003 [-] [] - - - - -\n'
            ),
        ),
        # A route that leads to no Service, a slot that nobody announced.
        ({"slot": 2}, None),
        ({"slot": 3}, None),
        # Three tries, no answer; the time is that of the end, not of the start.
        (
            {
                "flags": 6,
                "tries": 3,
                "upstream_us": None,
                "upstream_status": 0,
                "upstream_response_length": 0,
                "upstream_addr": b"10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80",
                "status": 504,
                "duration_us": 61_999_999,
            },
            (
                '203.0.113.7 - - [23/Nov/2026:22:13:30 +0000] "GET /items?page=2 HTTP/1.1" 504 1024'
                ' "https://shop.example.com/" "curl/8.5.0" 412 61.999 [shop-items-80] []'
                " 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80 -, -, 0 -, -, - -, -, - 4f2a9c1d\n"
            ),
        ),
        # No request line was understood.
        (
            {"method": b"", "target": b"", "protocol": b"", "status": 400, "slot": 0, "flags": 0},
            (
                '203.0.113.7 - - [23/Nov/2026:22:12:28 +0000] "" 400 1024'
                ' "https://shop.example.com/" "curl/8.5.0" 412 0.003 [-] [] - - - - 4f2a9c1d\n'
            ),
        ),
        # One that was not understood stands in the target, as it was sent.
        (
            {"method": b"", "target": b"GET  /x HTTP/3.14", "protocol": b"", "status": 400, "slot": 0, "flags": 0},
            (
                '203.0.113.7 - - [23/Nov/2026:22:12:28 +0000] "GET  /x HTTP/3.14" 400 1024'
                ' "https://shop.example.com/" "curl/8.5.0" 412 0.003 [-] [] - - - - 4f2a9c1d\n'
            ),
        ),
        # Quotes, controls and everything beyond ASCII are written as nginx writes them.
        (
            {"user_agent": b'a"b\\c\n\x00\x7f\xc3\xa9', "referer": b'" 200 "'},
            (
                '203.0.113.7 - - [23/Nov/2026:22:12:28 +0000] "GET /items?page=2 HTTP/1.1" 200 1024'
                ' "\\x22 200 \\x22" "a\\x22b\\x5Cc\\x0A\\x00\\x7F\\xC3\\xA9" 412 0.003 [shop-items-80] []'
                " 10.244.3.17:8080 1030 0.002 201 4f2a9c1d\n"
            ),
        ),
    ],
)
def test_the_line_of_ingress_nginx(reader: type[_shm.Reader], change: dict[str, Any], expected: str | None) -> None:
    text = line(reader, PLAIN._replace(**change), "upstreaminfo")
    if expected is None:
        assert " [-] [] 10.244.3.17:8080 " in text
    else:
        assert text == expected


@pytest.mark.parametrize("reader", READERS)
def test_a_json_line(reader: type[_shm.Reader]) -> None:
    assert line(reader, PLAIN, "json") == (
        '{"time":"2026-11-23T22:12:28.123Z","remote_addr":"203.0.113.7","remote_port":"51234","method":"GET",'
        '"target":"/items?page=2","protocol":"HTTP/1.1","host":"shop.example.com","status":200,"body_bytes_sent":1024,'
        '"request_length":412,"request_time":0.003204,"referer":"https://shop.example.com/","user_agent":"curl/8.5.0",'
        '"request_id":"4f2a9c1d","namespace":"shop","ingress":"web","service":"items","service_port":"80",'
        '"path":"/items","upstream_addr":"10.244.3.17:8080","upstream_status":201,"upstream_response_time":0.002871,'
        '"upstream_response_length":1030,"tries":1,"tls":"TLSv1.3","fault":null}\n'
    )


@pytest.mark.parametrize("reader", READERS)
def test_a_json_line_of_a_request_that_failed(reader: type[_shm.Reader]) -> None:
    record = Record(status=404, start_unix_ns=AT, fault=b"no_route", tls_version=0x0303)
    values = json.loads(line(reader, record, "json"))
    assert {name for name, value in values.items() if value is None} == {
        "namespace",
        "ingress",
        "service",
        "service_port",
        "path",
        "upstream_addr",
        "upstream_status",
        "upstream_response_time",
        "upstream_response_length",
    }
    assert (values["fault"], values["tls"], values["tries"]) == ("no_route", "TLSv1.2", 0)
    silent = json.loads(line(reader, PLAIN._replace(upstream_us=None, upstream_status=0), "json"))
    assert (silent["upstream_response_time"], silent["upstream_status"]) == (None, None)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'a"b\\c', 'a"b\\c'),
        (b"\x00\x1b[31m\r\n\t\b\f\x7f", "\x00\x1b[31m\r\n\t\b\f\x7f"),
        ("é €\u2028\u202e🐿".encode(), "é €\u2028\u202e🐿"),
        (b"\xff", "\ufffd"),
        (b"\xe2\x82x", "\ufffd\ufffdx"),
        (b"\xed\xa0\x80", "\ufffd" * 3),
        (b"\xc0\xaf\xf4\x90\x80\x80\xf5", "\ufffd" * 7),
        (b"\xe0\x9f\xbf\xf0\x8f\xbf\xbf", "\ufffd" * 7),
    ],
)
def test_any_bytes_make_valid_json_in_ascii(reader: type[_shm.Reader], raw: bytes, text: str) -> None:
    whole = line(reader, PLAIN._replace(user_agent=raw), "json")
    assert json.loads(whole)["user_agent"] == text
    assert re.fullmatch(r"[ -~]+\n", whole)


@settings(deadline=None)
@given(texts=st.lists(st.binary(max_size=60), min_size=11, max_size=11))
def test_no_bytes_can_forge_a_line(texts: list[bytes]) -> None:
    record = Record(200, 2, AT, 0, None, 0, 0, 0, 1, 200, 1, 0, *texts)
    for access_log_format in _shm.FORMATS:
        assert re.fullmatch(r"[ -~]+\n", line(_shm.Reader, record, access_log_format))
    text = line(_shm.Reader, record, "upstreaminfo")
    # The three quoted texts are the only ones with quotes, so a parser finds where each of them ends.
    assert text.count('"') == 6


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("second", "iso", "local"),
    [
        (0, "1970-01-01T00:00:00", "01/Jan/1970:00:00:00"),
        (951_782_399, "2000-02-28T23:59:59", "28/Feb/2000:23:59:59"),
        (951_782_400, "2000-02-29T00:00:00", "29/Feb/2000:00:00:00"),
        (1_798_761_599, "2026-12-31T23:59:59", "31/Dec/2026:23:59:59"),
        (1_798_761_600, "2027-01-01T00:00:00", "01/Jan/2027:00:00:00"),
        (4_107_542_400, "2100-03-01T00:00:00", "01/Mar/2100:00:00:00"),
        (18_446_744_073, "2554-07-21T23:34:33", "21/Jul/2554:23:34:33"),
    ],
)
def test_dates(reader: type[_shm.Reader], second: int, iso: str, local: str) -> None:
    record = Record(start_unix_ns=second * 10**9)
    assert line(reader, record, "json").startswith(f'{{"time":"{iso}.000Z"')
    assert line(reader, record, "upstreaminfo").startswith(f"- - - [{local} +0000] ")


@pytest.mark.parametrize("reader", READERS)
def test_the_clock_follows_the_records(reader: type[_shm.Reader]) -> None:
    writer = Writer(workers=1, slots=1, ring_bytes=16_384)
    for second in (5, 5, 6, 5):
        writer.push(0, Record(start_unix_ns=second * 10**9))
    lines = reader(writer.memory).drain().splitlines()
    assert [json.loads(text)["time"] for text in lines] == [
        f"1970-01-01T00:00:0{second}.000Z" for second in (5, 5, 6, 5)
    ]
