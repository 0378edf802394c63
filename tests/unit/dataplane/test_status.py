"""What probes and Prometheus are told, from the start to the drain."""

from http import HTTPStatus

from gateway.dataplane.status import Status
from gateway.publish.protocol import Accepted, Refused


async def test_ready_only_with_a_snapshot_and_not_while_draining() -> None:
    status = Status(lambda: 100.0)
    page = status.readyz("")
    assert page.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "no snapshot" in page.body
    status.serves(b"r" * 16)
    assert status.readyz("").status == HTTPStatus.OK
    status.draining = True
    page = status.readyz("")
    assert page.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "draining" in page.body


async def test_healthz_is_500_while_shutting_down_and_livez_stays_200() -> None:
    status = Status(lambda: 100.0)
    assert (await status.healthz()).status == HTTPStatus.OK
    status.draining = True
    assert (await status.healthz()).status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert (await status.livez()).status == HTTPStatus.OK


def test_metrics_carry_the_build_and_count_the_judgements() -> None:
    now = [100.0]
    status = Status(lambda: now[0])
    build = {"version": "0.1.0", "openssl": 'OpenSSL "4"\\\n', "tls_library": "openssl", "abi": "1"}
    assert "sallygate_snapshot_age_seconds" not in status.metrics(build, connected=False, lost_bytes=0)
    status.answered(Accepted(1, b"r" * 16))
    status.answered(Refused(2, b"s" * 16, "", "", "", "no"))
    now[0] = 107.5
    text = status.metrics(build, connected=True, lost_bytes=12)
    assert 'openssl="OpenSSL \\"4\\"\\\\\\n"' in text
    assert "sallygate_snapshots_accepted_total 1\n" in text
    assert "sallygate_snapshots_refused_total 1\n" in text
    assert "sallygate_snapshot_age_seconds 7.500\n" in text
    assert "sallygate_control_connected 1\n" in text
    assert "sallygate_access_log_lost_bytes_total 12\n" in text


def test_ready_all_the_same_where_control_cannot_see_the_cluster() -> None:
    status = Status(lambda: 100.0)
    assert status.readyz("nobody answers").status == HTTPStatus.SERVICE_UNAVAILABLE
    status.serves(b"r" * 16)
    page = status.readyz("Ingress in all namespaces: connection refused")
    assert page.status == HTTPStatus.OK
    assert page.body == "ok, stale: Ingress in all namespaces: connection refused\n"
