"""Only what is new is said, and what has gone."""

from msgspec import structs

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


def said(*verdicts: Verdict, owner: str = "shop") -> tuple[str, tuple[Verdict, ...]]:
    return owner, verdicts


def test_each_verdict_is_said_once_and_once_more_when_it_is_gone() -> None:
    news = News()
    assert len(news.of([said(verdict())])) == 1
    assert news.of([said(verdict())]) == []
    assert [text.split()[0] for text in news.of([])] == ["resolved"]
    assert len(news.of([said(verdict())])) == 1


def test_a_verdict_of_several_owners_is_one_and_stands_until_the_last_is_silent() -> None:
    news = News()
    assert len(news.of([said(verdict()), said(verdict(), owner="another")])) == 1
    assert news.of([said(verdict(), owner="another")]) == []
    assert news.of([said(verdict(), owner="a third one")]) == []
    assert len(news.of([said(owner="a third one")])) == 1


def test_what_stands_is_counted_by_severity() -> None:
    news = News()
    warning = structs.replace(verdict("b"), severity=Severity.WARNING)
    news.of([said(verdict("a"), warning), said(verdict("a"), owner="another")])
    assert {severity: count for severity, count in news.severities().items() if count} == {
        verdict("a").severity: 1,
        Severity.WARNING: 1,
    }
    news.of([said(verdict("a"), owner="another")])
    assert news.severities()[Severity.WARNING] == 0


def test_an_owner_who_says_something_else_says_only_that_anew() -> None:
    news = News()
    news.of([said(verdict("a"), verdict("b"))])
    assert [text.split()[4] for text in news.of([said(verdict("b"), verdict("c"))])] == ["default/c", "Ingress"]


def test_a_verdict_that_moved_within_its_file_is_not_news() -> None:
    news = News()
    news.of([said(verdict())])
    assert news.of([said(verdict(origin=Origin("shop.yaml", 99, 1)))]) == []
    assert len(news.of([said(verdict(origin=Origin("other.yaml", 1, 1)))])) == 2


def test_places_are_asked_for_of_what_is_new_and_of_everything_where_objects_may_move() -> None:
    news, asked = News(), list[str]()

    def place(bare: Verdict) -> Verdict:
        asked.append(bare.object.name)
        return structs.replace(bare, origin=Origin(file, 1, 1))

    file = "a.yaml"
    standing = [said(verdict("a", None), owner="a"), said(verdict("b", None), owner="b")]
    assert [text.split()[2] for text in news.of(standing, place)] == ["a.yaml:1:1", "a.yaml:1:1"]
    file = "b.yaml"
    standing.append(said(verdict("c", None), owner="c"))
    assert [text.split()[2] for text in news.of(standing, place)] == ["b.yaml:1:1"]
    assert asked == ["a", "b", "c"]
    assert len(news.of(standing, place, anew=True)) == 4


def test_verdicts_with_and_without_origin_stand_beside_each_other() -> None:
    assert len(News().of([said(verdict(origin=None), verdict())])) == 2


def test_a_flood_is_cut() -> None:
    lines = News().of([said(*(verdict(f"shop{number}") for number in range(LINES + 7)))])
    assert len(lines) == LINES + 1
    assert lines[-1] == "… and 7 more like these"
