"""Secrets and ConfigMaps that annotations name → what they come to, or why the routes are closed without them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from gateway.ir.filters import Header, Password
from gateway.ir.secret import Secret
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate import refs
from gateway.translate.ingress.annotations.read import field_of
from gateway.translate.ingress.annotations.values import InvalidValueError
from gateway.translate.ingress.annotations.values_http import parse_template
from gateway.translate.ingress.settings import Settings
from gateway.translate.limits import HEADER_VALUE_BYTES, HEADERS, USERS_BYTES
from gateway.translate.rules import Rules
from gateway.translate.tokens import header_problem
from gateway.verdicts import reasons, reasons_filters
from gateway.verdicts.verdict import ObjectRef, Verdict

_FILE_KEY: Final = "auth"
_SCHEMES: Final = ("$2a$", "$2b$", "$2y$", "$2x$", "$5$", "$6$", "$apr1$", "$1$", "{SHA}")


class Material(NamedTuple):
    """`keys` are the objects that it was read from, there or not."""

    settings: Settings
    keys: tuple[ObjectKey, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


def read_material(settings: Settings, subject: ObjectRef, view: View, rules: Rules) -> Material:
    reader = _Reader(settings, subject, view, rules)
    reader.read()
    return Material(reader.settings, tuple(reader.keys), tuple(reader.verdicts))


class _Reader:
    def __init__(self, settings: Settings, subject: ObjectRef, view: View, rules: Rules) -> None:
        self.settings = settings
        self.keys: list[ObjectKey] = []
        self.verdicts: list[Verdict] = []
        self._subject = subject
        self._view = view
        self._rules = rules

    def read(self) -> None:
        auth = self.settings.auth
        if auth.kind:
            self._read_password()
        elif auth.secret:
            text = "without auth-type nobody is asked for a password, as in ingress-nginx"
            self._say(reasons_filters.SECRET_UNUSED, "auth-secret", auth.secret, text, 'set auth-type: "basic"')
        if self.settings.headers.custom:
            self._read_headers()
        if self.settings.external.headers_in:
            self._read_told()

    def _say(self, reason: reasons.Reason, name: str, value: str, text: str, fix: str) -> None:
        field = field_of(self._rules.annotations_prefix, name)
        self.verdicts.append(reason.verdict(self._subject, field, value, text, fix))

    def _close(self, name: str, value: str, text: str, fix: str) -> None:
        text = f"{text}; the routes of this Ingress answer 503 meanwhile"
        self._say(reasons_filters.REFERENCE_CLOSED, name, value, text, fix)
        self.settings = replace(self.settings, closed=True)

    def _find(self, kind: str, name: str, value: str) -> ObjectKey | None:
        found = refs.resolve(kind, value, namespace=self._subject.namespace)
        if isinstance(found, refs.Refused):
            self._close(name, value, found.reason, found.fix)
            return None
        self.keys.append(found)
        return found

    def _absent(self, name: str, value: str, key: ObjectKey) -> None:
        unread = self._view.unread(key)
        if unread is not None:
            self._close(name, value, f"{key.kind} {key.name} could not be read: {unread.reason}", unread.fix)
        else:
            self._close(name, value, f"there is no {key.kind} {key.name} in namespace {key.namespace}", "create it")

    # --- passwords ---

    def _read_password(self) -> None:
        auth = self.settings.auth
        if not auth.secret:
            fix = "name the Secret with the passwords"
            self._close("auth-type", auth.kind, "auth-secret is not set", fix)
            return
        key = self._find("Secret", "auth-secret", auth.secret)
        if key is None:
            return
        secret = self._view.secret(key.namespace, key.name)
        if secret is None:
            self._absent("auth-secret", auth.secret, key)
            return
        if auth.secret_type == "auth-file":  # noqa: S105
            content = secret.data.get(_FILE_KEY)
            if content is None:
                text = f"Secret {key.name} has no key {_FILE_KEY}"
                self._close("auth-secret", auth.secret, text, f"store lines of name:hash as {_FILE_KEY}")
                return
            users = bytes(content)
        else:
            users = b"".join(
                b"%b:%b\n" % (name.encode(), hashed.strip()) for name, hashed in sorted(secret.data.items())
            )
        if len(users) > USERS_BYTES:
            text = f"Secret {key.name} holds more than {USERS_BYTES} bytes"
            self._close("auth-secret", auth.secret, text, "spread the users over several Secrets")
            return
        self._judge(users, auth.secret)
        password = Password(auth.realm, Secret(users))
        self.settings = replace(self.settings, auth=replace(auth, password=password))

    def _judge(self, users: bytes, value: str) -> None:
        """Lines that let nobody in. Neither names nor hashes are ever shown."""
        lines = [line.strip() for line in users.decode(errors="replace").splitlines()]
        entries = [line for line in lines if line and not line.startswith("#")]
        bad = sum(not line.partition(":")[2].startswith(_SCHEMES) for line in entries)
        if bad:
            text = f"{bad} of {len(entries)} entries have a hash of a kind that is not supported; they let nobody in"
            self._say(reasons_filters.USERS_SHUT_OUT, "auth-secret", value, text, "make them anew: htpasswd -B")
        elif not entries:
            self._say(reasons_filters.USERS_SHUT_OUT, "auth-secret", value, "nobody is listed in it", "add lines")

    # --- headers ---

    def _read_headers(self) -> None:
        value = self.settings.headers.custom
        key = self._find("ConfigMap", "custom-headers", value)
        if key is None:
            return
        found = self._view.config_map(key.namespace, key.name)
        if found is None:
            self._absent("custom-headers", value, key)
            return
        allowed = {name.lower() for name in self._rules.allowed_response_headers}
        stray = next((name for name in sorted(found.data) if name.lower() not in allowed), None)
        if stray is not None:
            text = f"ConfigMap {key.name} sets {reasons.readable(stray)}, which is not an allowed header"
            self._close("custom-headers", value, text, "list it in the option global-allowed-response-headers")
            return
        headers, problem = literal_headers(found.data)
        if problem:
            self._close("custom-headers", value, f"ConfigMap {key.name}: {problem}", "correct the ConfigMap")
            return
        self.settings = replace(self.settings, headers=replace(self.settings.headers, response=headers))

    def _read_told(self) -> None:
        """What the service that decides about requests is told besides."""
        value = self.settings.external.headers_in
        key = self._find("ConfigMap", "auth-proxy-set-headers", value)
        if key is None:
            return
        found = self._view.config_map(key.namespace, key.name)
        if found is None:
            self._absent("auth-proxy-set-headers", value, key)
            return
        headers, problem = text_headers(found.data)
        if problem:
            self._close("auth-proxy-set-headers", value, f"ConfigMap {key.name}: {problem}", "correct the ConfigMap")
            return
        self.settings = replace(self.settings, external=replace(self.settings.external, headers=headers))


def text_headers(data: Mapping[str, str]) -> tuple[tuple[Header, ...], str]:
    """Headers whose values are texts with variables, or why they cannot be sent."""
    found = []
    for name, text in sorted(data.items()):
        value = text.strip()
        if problem := header_problem(name):
            return (), problem
        try:
            found.append(Header(name, parse_template(value).value if value else ""))
        except InvalidValueError as bad:
            return (), f"{name}: {bad.reason}"
    if len(found) > HEADERS:
        return (), f"{len(found)} headers are more than {HEADERS}"
    return tuple(found), ""


def literal_headers(data: Mapping[str, str]) -> tuple[tuple[Header, ...], str]:
    """Headers whose values are sent as they stand, or why they cannot be."""
    found = []
    for name, text in sorted(data.items()):
        value = text.strip()
        if problem := header_problem(name):
            return (), problem
        if not value.isprintable() or len(value.encode()) > HEADER_VALUE_BYTES:
            return (), f"the value of {name} is not one line of printable text of at most {HEADER_VALUE_BYTES} bytes"
        found.append(Header(name, value.replace("$", "$$")))
    if len(found) > HEADERS:
        return (), f"{len(found)} headers are more than {HEADERS}"
    return tuple(found), ""
