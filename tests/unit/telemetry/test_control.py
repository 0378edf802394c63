"""Control's figures as Prometheus reads them."""

from gateway.telemetry.control import TABLE, Figures, Told, Watched, series
from gateway.telemetry.resources import Resources

WATCHED = Watched(objects=3, lists=1, relists=0, watches=2, events=40, old_events=1, failures=5, flawed=0, storms=0)
NOTICES = {"written": 7, "repeated": 1}


def test_every_metric_of_the_table_is_told_of_a_cluster() -> None:
    told = Told(leading=True, status_writes=9, notices=NOTICES)
    page = series(
        Figures(
            stale=True,
            contact_age=1.5,
            watched={"Ingress": WATCHED},
            verdicts={"error": 4},
            told=told,
            used=Resources(0.25, 4096),
        )
    )
    for metric in TABLE:
        assert page.count(f"# TYPE {metric.name} {metric.kind}\n") == 1, metric.name
    lines = page.splitlines()
    assert "sallygate_cluster_stale 1" in lines
    assert "sallygate_cluster_contact_age_seconds 1.500" in lines
    assert 'sallygate_cluster_events_total{kind="Ingress"} 40' in lines
    assert 'sallygate_verdicts{severity="error"} 4' in lines
    assert 'sallygate_verdicts{severity="info"} 0' in lines
    assert "sallygate_leader 1" in lines
    assert "sallygate_status_writes_total 9" in lines
    assert 'sallygate_notices_total{result="written"} 7' in lines
    assert 'sallygate_notices_total{result="dropped"} 0' in lines


def test_without_a_cluster_there_is_nothing_of_one() -> None:
    page = series(
        Figures(stale=False, contact_age=None, watched={}, verdicts={}, told=None, used=Resources(0.25, 4096))
    )
    assert "cluster" not in page
    assert "leader" not in page
    assert "sallygate_control_cpu_seconds_total 0.250\n" in page
