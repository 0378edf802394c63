"""An explanation for a terminal."""

from collections.abc import Iterator
from typing import Final

from gateway.cli.tables import few, painted, plain
from gateway.survey.explain import Explanation, Rival, Setting, Source, Told
from gateway.survey.question import FRESH_ID, Failed, Forwarded, Redirected, Responded

RIVALS: Final = 15  # shown; -o json has all
UNSERVED: Final = 10


def text(found: Explanation) -> str:
    parts = [_head(found), *_candidates(found), *_unserved(found), *_settings(found), *_target(found), _outcome(found)]
    return "\n\n".join(parts) + "\n"


def _head(found: Explanation) -> str:
    request = found.request
    host = (
        "no host" if found.host is None else "every host without routes of its own" if found.host == "*" else found.host
    )
    lines = [f"{request.method} {request.url}", f"  from      {request.client}", f"  host      {host}"]
    if found.path:
        lines.append(f"  path      {found.path}   (decoded, as paths are compared)")
    if found.certificate is not None:
        shown = found.certificate.secret or "the gateway's own self-signed certificate"
        lines.append(f"  TLS       {shown}")
    lines.append(f"  snapshot  {found.snapshot[:8]}")
    return "\n".join(map(plain, lines))


def _candidates(found: Explanation) -> Iterator[str]:
    lines = ["Routes"]
    if found.winner is not None:
        lines.append(f"  {painted('✓', 'ok')} {plain(_route(found.winner))}")
        lines.append(f"      {plain(found.winner.action)}")
    else:
        lines.append("  no route takes it")
    for rival in found.rivals[:RIVALS]:
        lines += _rival(rival)
    hidden = len(found.rivals) - RIVALS + found.more_rivals if len(found.rivals) > RIVALS else found.more_rivals
    if hidden:
        lines.append(f"  … and {hidden} more; -o json has them")
    yield "\n".join(lines)


def _rival(rival: Rival) -> list[str]:
    return [f"  {painted('✗', 'error')} {plain(_route(rival.route))}", f"      {plain(rival.why)}"]


def _route(told: Told) -> str:
    place = told.origin or told.field
    return f"{told.object}  {told.host}  {told.type} {told.path}  {place}"


def _unserved(found: Explanation) -> Iterator[str]:
    if not found.unserved:
        return
    lines = ["Errors on objects that name this host"]
    for one in found.unserved[:UNSERVED]:
        place = f"{one.origin}: " if one.origin else ""
        lines.append(f"  {plain(f'{place}{one.code} {one.object} {one.field}: {one.reason}')}")
    if len(found.unserved) > UNSERVED:
        lines.append(f"  … and {len(found.unserved) - UNSERVED} more")
    yield "\n".join(lines)


def _settings(found: Explanation) -> Iterator[str]:
    if not found.settings:
        return
    width = max(len(one.name) for one in found.settings)
    yield "\n".join(["Settings", *(line for one in found.settings for line in _setting(one, width))])


def _setting(one: Setting, width: int) -> Iterator[str]:
    said = [_source(source) for source in one.sources]
    first = said[0] if said else "default"
    yield f"  {plain(f'{one.name:<{width}}  {one.value}   ← {first}').rstrip()}"
    for more in said[1:]:
        yield f"  {' ' * width}  {plain(f'   ← {more}').rstrip()}"


def _target(found: Explanation) -> Iterator[str]:
    target = found.target
    if target is None:
        return
    scheme = "https" if target.tls else "http"
    endpoints = few(target.endpoints, 8) or "none"
    yield f"Backend\n  {plain(f'{target.backend}  {scheme}, {target.balance}: {endpoints}')}"


def _outcome(found: Explanation) -> str:
    match found.outcome:
        case Forwarded(head=head):
            shown = head.replace(FRESH_ID, "(32 new hexadecimal digits)").rstrip("\r\n").split("\r\n")
            return "\n".join(["The upstream receives", *(f"  {plain(line)}" for line in shown)])
        case Redirected(status=status, location=location):
            return f"The answer is {status} to {plain(location)}"
        case Responded(status=status):
            return f"The answer is {status}"
        case Failed(status=status, code=code):
            return f"The answer is {status} ({code})"


def _source(source: Source) -> str:
    value = f' = "{source.value}"' if source.value else ""
    return f"{source.object} {source.field}{value}  {source.origin}"
