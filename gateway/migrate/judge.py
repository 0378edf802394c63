"""Everything that stands → the report."""

from collections.abc import Iterator

from gateway.migrate.config_maps import judge_config_maps, with_guesses
from gateway.migrate.ingresses import judge_ingress
from gateway.migrate.report import Report, Subject, report
from gateway.objects.ingress import Ingress
from gateway.survey.findings import UNREAD
from gateway.survey.standing import Standing
from gateway.translate import classes
from gateway.verdicts.verdict import ObjectRef, Verdict


def judge(standing: Standing, namespace: str = "") -> Report:
    """Where no flag names the controller's ConfigMaps, those that look like them count. `namespace` "" is all."""
    standing = standing.under(with_guesses(standing.rules, standing.store))
    said: dict[ObjectRef, list[Verdict]] = {}
    unread = []
    for verdict in standing.verdicts():
        if verdict.code in UNREAD:
            unread.append(f"{verdict.origin or verdict.object}: {verdict.reason}; {verdict.fix}")
        else:
            said.setdefault(verdict.object, []).append(verdict)
    ours, foreign = [], []
    for ingress in standing.store.ingresses():
        if namespace and ingress.metadata.namespace != namespace:
            continue
        if classes.claim(ingress, standing.store, standing.rules).ours:
            ours.append(ingress)
        else:
            foreign.append(_ref(ingress))
    return report(_subjects(standing, ours, said, namespace), foreign, unread)


def _subjects(
    standing: Standing, ingresses: list[Ingress], said: dict[ObjectRef, list[Verdict]], namespace: str
) -> Iterator[Subject]:
    prefix = standing.rules.annotations_prefix
    for ingress in ingresses:
        yield judge_ingress(ingress, said.get(_ref(ingress), ()), standing.store, prefix)
    for one in judge_config_maps(standing.store, standing.rules, said):
        if not namespace or one.object.namespace == namespace:
            yield one


def _ref(ingress: Ingress) -> ObjectRef:
    return ObjectRef("Ingress", ingress.metadata.namespace, ingress.metadata.name)
