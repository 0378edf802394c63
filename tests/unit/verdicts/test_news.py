"""Only what is new is said, and what has gone."""

from gateway.verdicts.news import LINES, News, line
from gateway.verdicts.verdict import ObjectRef, Origin, Severity, Verdict

PLACE = Origin("shop.yaml", 12, 9)


def verdict(name: str = "shop", origin: Origin | None = PLACE) -> Verdict:
    return Verdict(
        "GW240",
        Severity.ERROR,
        ObjectRef("Ingress", "default", name),
        "spec.rules[0]",
        "shop-svc",
        "the Service does not exist",
        "create it",
        origin,
    )


def test_a_line_names_place_object_field_value_reason_and_fix() -> None:
    assert line(verdict()) == (
        'error GW240 shop.yaml:12:9 Ingress default/shop spec.rules[0] "shop-svc": '
        "the Service does not exist; create it"
    )


def test_parts_that_are_not_known_are_left_out() -> None:
    bare = Verdict("GW100", Severity.WARNING, ObjectRef(), "", "", "file is empty", "", Origin("a.yaml"))
    assert line(bare) == "warning GW100 a.yaml: file is empty"


def test_each_verdict_is_said_once_and_once_more_when_it_is_gone() -> None:
    news = News()
    assert len(news.of([verdict()])) == 1
    assert news.of([verdict()]) == []
    assert [text.split()[0] for text in news.of([])] == ["resolved"]
    assert len(news.of([verdict()])) == 1


def test_a_verdict_that_moved_within_its_file_is_not_news() -> None:
    news = News()
    news.of([verdict()])
    assert news.of([verdict(origin=Origin("shop.yaml", 99, 1))]) == []
    assert len(news.of([verdict(origin=Origin("other.yaml", 1, 1))])) == 2


def test_verdicts_with_and_without_origin_stand_beside_each_other() -> None:
    assert len(News().of([verdict(origin=None), verdict()])) == 2


def test_a_flood_is_cut() -> None:
    lines = News().of([verdict(f"shop{number}") for number in range(LINES + 7)])
    assert len(lines) == LINES + 1
    assert lines[-1] == "… and 7 more like these"
