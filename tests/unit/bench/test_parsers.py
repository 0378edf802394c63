"""What strace, callgrind, perf and the lookup example print, as recorded."""

import pytest

from bench.callgrind import Counted, parse_events, parse_functions, parse_thread
from bench.facts import field
from bench.measures.lookup import best, parse
from bench.measures.misses import summary
from bench.measures.syscalls import parse_summary
from bench.measures.work import headers_of
from bench.peers.sallygate import address
from bench.profiling import Hit, parse_report, render

STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 27.37    0.000647           4      4000           recvfrom
 13.58    0.000321           4      4000        19 sendto
  0.00    0.000000           0         1           epoll_wait
------ ----------- ----------- --------- --------- ----------------
100.00    0.002364           4      8001        19 total
"""

CALLGRIND = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 3171
part: 1
thread: 2
desc: Timerange: Basic block 0 - 319723
positions: line
events: Ir
summary: 60

ob=(6) /opt/floor
fl=(246) /src/poll.rs
fn=(1302) tools::poll::Poll::wait
fi=(203) /library/core/src/cmp.rs
1918 6
fe=(246)
+1 4
* 5
cfn=(1362) send
calls=10 0
-84 25

fn=(1360) tools::poll::write
53 10
cfn=(1362)
calls=1 0
0 10
fl=(9)
fn=(1362)
0 35
"""

PERF = """\
# To display the perf.data header info, please use --header/--header-only options.
#
#      Samples|Command |Shared Object    |Symbol
 26         |worker-0|_core.abi3.so    |[.] sallygate_wire::head::parse
 7          |worker-0|[kernel.kallsyms]|[k] tcp_ack
 5          |log pump|libc.so.6        |[.] __memmove_avx_unaligned_erms
 2          |worker-0|_core.abi3.so    |[.] tokio::runtime::park
"""


def test_strace_counts_calls_with_and_without_errors() -> None:
    assert parse_summary(STRACE) == {"recvfrom": 4000, "sendto": 4000, "epoll_wait": 1}


def test_strace_of_a_thread_that_did_nothing_is_empty() -> None:
    assert parse_summary("") == {}


def test_callgrind_totals_and_thread() -> None:
    assert parse_events(CALLGRIND) == {"Ir": 60}
    assert parse_events("events: Ir\n") == {}
    assert parse_thread(CALLGRIND) == 2
    assert parse_thread("events: Ir\n") == 1


def test_callgrind_functions_count_only_their_own_instructions() -> None:
    found = parse_functions(CALLGRIND)
    assert found == {"tools::poll::Poll::wait": {"Ir": 15}, "tools::poll::write": {"Ir": 10}, "send": {"Ir": 35}}
    assert {"Ir": sum(own["Ir"] for own in found.values())} == parse_events(CALLGRIND)


def test_callgrind_events_stand_by_name_and_those_that_are_left_out_are_none() -> None:
    text = "events: Ir I1mr D1mr\ntotals: 90 2 1\n\nfn=(1) parse\n7 60 2 1\n+1 20\ncalls=1 0\n* 10 1\n* 10\n"
    assert parse_events(text) == {"Ir": 90, "I1mr": 2, "D1mr": 1}
    assert parse_functions(text) == {"parse": {"Ir": 90, "I1mr": 2, "D1mr": 1}}
    assert summary(8, Counted(10, {"worker": parse_events(text)}, parse_functions(text))).all.code == 0.2


def test_perf_rows_are_sorted_into_stages() -> None:
    assert parse_report(PERF) == [
        Hit(26, "worker-0", "sallygate_wire::head::parse", "parse and serialise"),
        Hit(7, "worker-0", "tcp_ack", "kernel: network"),
        Hit(5, "log pump", "__memmove_avx_unaligned_erms", "copying"),
        Hit(2, "worker-0", "tokio::runtime::park", "runtime"),
    ]


def test_a_profile_divides_the_microseconds_of_a_request() -> None:
    text = render(parse_report(PERF), top=10, us_per_request=20.0)
    assert "20.00 us of CPU per request, divided by 40 samples" in text
    assert "65.0%   13.00  parse and serialise  heads read, checked" in text
    assert "17.5%    3.50  in the kernel, for us" in text
    assert "12.5%    2.50  log pump" in text
    assert render([], top=10, us_per_request=1.0) == "perf took no sample\n"


def test_of_each_lookup_row_the_best_run_counts() -> None:
    one, other = (
        f'{{"lookups":[{{"hosts":1,"paths":1,"routes":1,"lookup_ns":{first}}},'
        f'{{"hosts":100,"paths":1000,"lookup_ns":{second}}}],"regexes":[],"miss_ns":{miss}}}'
        for first, second, miss in ((40.5, 230, 99), (50, 200, 88))
    )
    found = best([parse(one), parse(other)])
    assert [(row.routes, row.lookup_ns) for row in found.lookups] == [(1, 40.5), (100_000, 200)]
    assert found.miss_ns == 88


def test_headers_of_a_recorded_head() -> None:
    assert headers_of(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: 1\r\n\r\n") == ["host", "x-request-id"]


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "http://127.0.0.1:8080", "[::1]:8080"])
def test_addresses_of_the_ready_file(text: str) -> None:
    assert address({"http": text}, "http") in {"127.0.0.1:8080", "[::1]:8080"}


def test_a_field_of_cpuinfo() -> None:
    assert field("processor\t: 0\nmodel name\t: AMD EPYC: big\n", "model name") == "AMD EPYC: big"
    assert field("", "model name") == "unknown"
