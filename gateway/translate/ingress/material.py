"""Secrets and ConfigMaps that annotations name → what they come to, or why the routes are closed without them."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from gateway.ir.filters import Header, Password
from gateway.ir.peers import ClientCertificates, EndpointTls, Verify
from gateway.ir.secret import Secret
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate import refs
from gateway.translate.ingress.annotations.read import field_of
from gateway.translate.ingress.annotations.values import InvalidValueError
from gateway.translate.ingress.annotations.values_http import parse_template
from gateway.translate.ingress.asked import ClientsAsked, EndpointsAsked
from gateway.translate.ingress.paths import judge_regex
from gateway.translate.ingress.settings import Settings
from gateway.translate.limits import CRL_BYTES, HEADER_VALUE_BYTES, HEADERS, PEM_BYTES, USERS_BYTES
from gateway.translate.rules import Rules
from gateway.translate.tokens import header_problem
from gateway.verdicts import reasons, reasons_filters
from gateway.verdicts.verdict import ObjectRef, Verdict

_FILE_KEY: Final = "auth"
_AUTHORITIES: Final = "ca.crt"
_REVOKED: Final = "ca.crl"
_SPEAK_TLS: Final = 'set backend-protocol: "HTTPS"'
_SCHEMES: Final = ("$2a$", "$2b$", "$2y$", "$2x$", "$5$", "$6$", "$apr1$", "$1$", "{SHA}")


Close = Callable[[str, str, str, str], None]


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
        if self.settings.clients.secret:
            self._read_clients()
        elif self.settings.clients not in (ClientsAsked(), ClientsAsked(verify=Verify.OFF)):
            self._say_alone("auth-tls-")
        if self.settings.endpoints.secret:
            self._read_endpoints()
        elif self.settings.endpoints.verify:
            text = "backends are to be verified, and proxy-ssl-secret names no authority to do it by"
            self._close("proxy-ssl-verify", "on", text, "set proxy-ssl-secret to a Secret with ca.crt")
        elif self.settings.endpoints != EndpointsAsked():
            self._say_alone("proxy-ssl-")
        self._read_ciphers()
        if self.settings.external.headers_in:
            self._read_told()

    def _say(self, reason: reasons.Reason, name: str, value: str, text: str, fix: str) -> None:
        field = field_of(self._rules.annotations_prefix, name)
        self.verdicts.append(reason.verdict(self._subject, field, value, text, fix))

    def _close(self, name: str, value: str, text: str, fix: str) -> None:
        text = f"{text}; the routes of this Ingress answer 503 meanwhile"
        self._say(reasons_filters.REFERENCE_CLOSED, name, value, text, fix)
        self.settings = replace(self.settings, closed=True)

    def _resolve(self, kind: str, value: str) -> ObjectKey | refs.Refused:
        namespace, everywhere = self._subject.namespace, self._rules.cross_namespace
        found = refs.resolve(kind, value, namespace=namespace, view=self._view, everywhere=everywhere)
        self.keys += refs.asked(found, namespace)
        return found

    def _find(self, kind: str, name: str, value: str, close: Close | None = None) -> ObjectKey | None:
        found = self._resolve(kind, value)
        if not isinstance(found, refs.Refused):
            self.keys.append(found)
            return found
        if found.crosses and self._rules.alone:
            self._close_unsaid()  # a grant may permit it
        else:
            (close or self._close)(name, value, found.reason, found.fix)
        return None

    def _absent(self, name: str, value: str, key: ObjectKey, close: Close | None = None) -> None:
        close = close or self._close
        unread = self._view.unread(key)
        if unread is not None:
            close(name, value, f"{key.kind} {key.name} could not be read: {unread.reason}", unread.fix)
        elif self._rules.alone:
            self._close_unsaid()
        else:
            close(name, value, f"there is no {key.kind} {key.name} in namespace {key.namespace}", "create it")

    def _close_unsaid(self) -> None:
        """Where nobody can say whether anything is wrong, nothing is said; and nothing is open either."""
        self.settings = replace(self.settings, closed=True)

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

    # --- TLS ---

    def _close_host(self, name: str, value: str, text: str, fix: str) -> None:
        text = f"{text}; every route of its hosts answers 503 meanwhile"
        self._say(reasons_filters.REFERENCE_CLOSED, name, value, text, fix)
        self.settings = replace(self.settings, closed=True, closes_host=name)

    def _say_alone(self, family: str) -> None:
        """To those who adjust what nobody has asked for."""
        text = f"without {family}secret the others of {family}* have no effect, as in ingress-nginx"
        self._say(reasons_filters.WITHOUT_EFFECT, f"{family}secret", "", text, f"set {family}secret, or remove them")

    def _read_clients(self) -> None:
        asked = self.settings.clients
        refused, slow = judge_regex(asked.subject, self._rules, anywhere=True) if asked.subject else (None, None)
        if refused is not None:
            self._close_host("auth-tls-match-cn", asked.subject, *refused)
        elif slow is not None:
            self._say(reasons.BACKTRACKING, "auth-tls-match-cn", asked.subject, *slow)
        data = self._secret("auth-tls-secret", asked.secret, self._close_host)
        if data is None:
            return
        authorities, revoked = data.get(_AUTHORITIES, b""), data.get(_REVOKED, b"")
        if problem := self._authority_problem(authorities, revoked):
            fix = f"store PEM certificates as {_AUTHORITIES}, and PEM lists of revoked ones, if any, as {_REVOKED}"
            self._close_host("auth-tls-secret", asked.secret, f"the Secret: {problem}", fix)
            return
        found = ClientCertificates(
            bytes(authorities), bytes(revoked), asked.verify, asked.depth, asked.error_page, asked.passes, asked.subject
        )
        self.settings = replace(self.settings, clients=replace(asked, found=found))

    def _read_endpoints(self) -> None:
        asked = self.settings.endpoints
        if not self.settings.upstream_tls:
            text = "TLS is not spoken with the backend"
            self._say(reasons_filters.WITHOUT_EFFECT, "proxy-ssl-secret", asked.secret, text, _SPEAK_TLS)
        data = self._secret("proxy-ssl-secret", asked.secret, self._close)
        if data is None:
            return
        authorities, chain, key = (data.get(name, Secret()) for name in (_AUTHORITIES, "tls.crt", "tls.key"))
        problem = self._authority_problem(authorities, b"") if authorities else ""
        if bool(chain) != bool(key) or not (authorities or chain):
            problem = "it has neither a whole pair of tls.crt and tls.key, nor ca.crt"
        elif chain:
            problem = problem or self._pair_problem(chain, key)
        if asked.verify and not authorities:
            problem = f"backends are to be verified, and it has no {_AUTHORITIES}"
        if problem:
            fix = f"store a PEM certificate and its key as tls.crt and tls.key, and authorities as {_AUTHORITIES}"
            self._close("proxy-ssl-secret", asked.secret, f"the Secret: {problem}", fix)
            return
        if asked.verify and not asked.name:
            text = "proxy-ssl-name is not set, and without a name to verify no backend passes: the answer is 502"
            fix = "set proxy-ssl-name to a name that the backend's certificate is for"
            self._say(reasons_filters.NOBODY_PASSES, "proxy-ssl-verify", "on", text, fix)
        found = EndpointTls(
            verify=asked.verify,
            depth=asked.depth,
            name=asked.name,
            tells_name=asked.tells_name,
            oldest=asked.oldest,
            newest=asked.newest,
            ciphers=asked.ciphers if self._has_ciphers("proxy-ssl-ciphers", asked.ciphers) else "",
            ca_pem=bytes(authorities),
            chain_pem=bytes(chain),
            key_pem=Secret(key),
        )
        self.settings = replace(self.settings, endpoints=replace(asked, found=found))

    def _secret(self, name: str, value: str, close: Close) -> Mapping[str, bytes] | None:
        found = self._find("Secret", name, value, close)
        if found is None:
            return None
        secret = self._view.secret(found.namespace, found.name)
        if secret is not None:
            return secret.data
        self._absent(name, value, found, close)
        return None

    def _authority_problem(self, authorities: bytes, revoked: bytes) -> str:
        if not authorities:
            return f"it has no {_AUTHORITIES}"
        if len(authorities) > PEM_BYTES or len(revoked) > CRL_BYTES:
            return f"{_AUTHORITIES} has more than {PEM_BYTES} bytes, or {_REVOKED} more than {CRL_BYTES}"
        try:
            self._rules.check_authority(bytes(authorities), bytes(revoked))
        except ValueError as problem:
            return reasons.readable(str(problem))
        return ""

    def _pair_problem(self, chain: bytes, key: bytes) -> str:
        if max(len(chain), len(key)) > PEM_BYTES:
            return f"it holds more than {PEM_BYTES} bytes of PEM"
        try:
            self._rules.check_certificate(bytes(chain), bytes(key))
        except ValueError as problem:
            return reasons.readable(str(problem))
        return ""

    def _read_ciphers(self) -> None:
        ciphers = self.settings.ciphers
        if problem := ciphers and self._rules.check_ciphers(ciphers):
            self._close("ssl-ciphers", ciphers, problem, "name cipher suites as OpenSSL does")

    def _has_ciphers(self, name: str, ciphers: str) -> bool:
        problem = ciphers and self._rules.check_ciphers(ciphers)
        if problem:
            text = f"{problem}; the default is used"
            self._say(reasons.INVALID_IGNORED, name, ciphers, text, "name cipher suites as OpenSSL does")
        return not problem

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
