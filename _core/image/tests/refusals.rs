//! What is not taken, and what is said about it: a table of damaged segments.

use sallygate_image::{
    Access, Action, Backend, BackendId, BackendShard, Balance, Certificate, CertificateId, Coding, Compression,
    Connections, Digest, Endpoint, External, Filters, Header, Host, HostShard, HttpsRedirect, Kept, Listener,
    Listeners, Network, Password, PathMatch, Policy, Protocol, ProxyHeaders, Rewrite, Root, Route, RouteId, Secret,
    Segment, Shards, Timeouts, UpstreamTls, decode, encode, limits,
};

const ZEROS: Digest = Digest([0; 16]);

fn shop() -> BackendId {
    BackendId { namespace: "default".into(), service: "shop".into(), port: "80".into() }
}

fn exact(path: &str) -> PathMatch {
    PathMatch::Exact { path: path.into() }
}

fn respond() -> Action {
    Action::Respond { status: 200 }
}

fn host(name: &str, match_: PathMatch, action: Action) -> Segment {
    let id = RouteId { kind: "Ingress".into(), namespace: "default".into(), name: "shop".into(), rule: 0, path: 0 };
    let good = Route {
        id: id.clone(),
        match_: exact("/"),
        action: respond(),
        policy: ZEROS,
        display_path: "/".into(),
        errors: None,
        mirror: None,
    };
    let route = Route { match_, action, ..good.clone() };
    Segment::Host(Host { host: name.into(), certificate: None, routes: vec![good, route], tls: None })
}

fn backend(endpoints: &[(&str, u16)]) -> Segment {
    let endpoints = endpoints.iter().map(|(address, port)| Endpoint { address: (*address).into(), port: *port });
    Segment::Backend(Backend { id: shop(), endpoints: endpoints.collect(), balance: Balance::RoundRobin })
}

fn root(version: (u32, u32), table: &str) -> Segment {
    Segment::Root(Root {
        version,
        listeners: ZEROS,
        tables: [(table.to_owned(), Shards::filled(ZEROS))].into(),
        backends: Shards::filled(ZEROS),
        certificates: Shards::filled(ZEROS),
        default_certificate: None,
    })
}

fn hosts(keys: &[&str]) -> Segment {
    Segment::Hosts(HostShard { hosts: keys.iter().map(|key| ((*key).to_owned(), ZEROS)).collect() })
}

fn listeners(names: &[&str]) -> Segment {
    let listener = |name: &&str| Listener {
        name: (*name).into(),
        protocol: Protocol::Http,
        table: "web".into(),
        forwarders: None,
        proxy_headers: None,
        tls: None,
    };
    Segment::Listeners(Listeners { listeners: names.iter().map(listener).collect(), ..Listeners::default() })
}

fn connections(change: impl FnOnce(&mut Connections)) -> Segment {
    let mut listeners = Listeners::default();
    change(&mut listeners.connections);
    Segment::Listeners(listeners)
}

fn introduced(networks: &[&str], timeout_ms: u64) -> Segment {
    let Segment::Listeners(mut segment) = listeners(&["a"]) else { unreachable!("as made above") };
    let networks = networks.iter().filter_map(|text| Network::try_from((*text).to_owned()).ok());
    let headers = ProxyHeaders { networks: networks.collect(), timeout_ms };
    segment.listeners.iter_mut().for_each(|one| one.proxy_headers = Some(headers.clone()));
    Segment::Listeners(segment)
}

fn policy(change: impl FnOnce(&mut Policy)) -> Segment {
    let mut policy = Policy::default();
    change(&mut policy);
    Segment::Policy(policy)
}

fn external(change: impl FnOnce(&mut External)) -> Segment {
    let mut external = External { host: "a".into(), target: "/".into(), ..External::default() };
    change(&mut external);
    filters(|it| it.external = Some(external))
}

fn filters(change: impl FnOnce(&mut Filters)) -> Segment {
    let mut filters = Filters::default();
    change(&mut filters);
    policy(|it| it.filters = Some(Box::new(filters)))
}

fn compression(change: impl FnOnce(&mut Compression)) -> Segment {
    let mut compression = Compression::default();
    change(&mut compression);
    filters(|it| it.compression = Some(Box::new(compression)))
}

fn gzip(level: u8, kind: &str) -> Segment {
    compression(|it| it.gzip = Some(Coding { level, min_length: 0, types: vec![kind.into()] }))
}

fn brotli(level: u8, min_length: u64) -> Segment {
    compression(|it| it.brotli = Some(Coding { level, min_length, types: Vec::new() }))
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.into(), value: value.into() }
}

fn tls_name(name: &str) -> Action {
    Action::Forward {
        backend: shop(),
        tls: Some(UpstreamTls { verify: true, server_name: Some(name.into()) }),
        canaries: Vec::new(),
        spare: None,
    }
}

fn redirect(path: &str, status: u16) -> Action {
    Action::Redirect { path: path.into(), status, query: true, relative: false }
}

/// Values that no field may have: the segment, the field that must be named, a part of the reason.
fn bad_values() -> Vec<(Segment, &'static str, &'static str)> {
    let prefix = |path: &str| PathMatch::Prefix { path: path.into() };
    let pattern = |length| PathMatch::Regex { pattern: "a".repeat(length), ignore_case: true };
    let long_host = format!("{}.example", "a".repeat(64));
    vec![
        (root((2, 0), "web"), "version", "reads 1.x"),
        (root((1, 0), ""), "tables.", "empty"),
        (listeners(&["a", "b", "a"]), "listeners[2].name", "earlier listener"),
        (listeners(&["a\nb"]), "listeners[0].name", "control character"),
        (introduced(&["10.0.0.0/8"], 0), "listeners[0].proxy_headers.timeout_ms", ""),
        (introduced(&["10.0.0.0/8", "9.0.0.0/8"], 1), "listeners[0].proxy_headers.networks", ""),
        (connections(|it| it.client_requests = Some(0)), "connections.client_requests", "the least is 1"),
        (connections(|it| it.upstream_requests = Some(0)), "connections.upstream_requests", "the least is 1"),
        (connections(|it| it.request_line_bytes = Some(1_023)), "connections.request_line_bytes", "1024 to"),
        (connections(|it| it.head_bytes = Some(65_536)), "connections.head_bytes", "to 61440"),
        (hosts(&["b.example", "a.example"]), "hosts", "entry 1"),
        (hosts(&["a.example", "a.example"]), "hosts", "entry 1"),
        (hosts(&["*.example"]), "hosts.*.example", "host name"),
        (host("A.example", exact("/"), respond()), "host", "lower-case"),
        (host("a..example", exact("/"), respond()), "host", "host name"),
        (host("a.example.", exact("/"), respond()), "host", "host name"),
        (host("*", exact("/"), respond()), "host", "host name"),
        (host("a.*.example", exact("/"), respond()), "host", "host name"),
        (host("a.example:80", exact("/"), respond()), "host", "host name"),
        (host(&long_host, exact("/"), respond()), "host", "host name"),
        (host(&"a.".repeat(130), exact("/"), respond()), "host", "253"),
        (host("", exact("a"), respond()), "routes[1].match.path", "does not start with a slash"),
        (host("", exact(""), respond()), "routes[1].match.path", "does not start with a slash"),
        (host("", exact("/a\r\nb"), respond()), "routes[1].match.path", "control character"),
        (host("", exact(&format!("/{}", "a".repeat(8192))), respond()), "routes[1].match.path", "8192"),
        (host("", prefix("/a/"), respond()), "routes[1].match.path", "\"/a\" is meant"),
        (host("", pattern(4097), respond()), "routes[1].match.pattern", "4096"),
        (host("", exact("/"), Action::Respond { status: 600 }), "routes[1].action.status", "600"),
        (host("", exact("/"), Action::Respond { status: 101 }), "routes[1].action.status", "101"),
        (host("", exact("/"), redirect("/", 200)), "routes[1].action.status", "200"),
        (host("", exact("/"), redirect("//a\0", 302)), "routes[1].action.path", "control character"),
        (host("", exact("/"), redirect("ftp://a", 302)), "routes[1].action.path", "slash"),
        (host("", exact("/"), tls_name("")), "routes[1].action.tls.server_name", "empty"),
        (host("", exact("/"), tls_name("a b")), "routes[1].action.tls.server_name", "host name"),
        (policy(|it| it.tries = 0), "tries", "0 is not within 1"),
        (policy(|it| it.timeouts.send_ms = 0), "timeouts.send_ms", "0 is not within 1"),
        (policy(|it| it.retries.statuses = vec![503, 302]), "retries.statuses", "302"),
        (policy(|it| it.retries.statuses = vec![503, 502]), "retries.statuses", "not greater"),
        (policy(|it| it.retries.statuses = (500..533).collect()), "retries.statuses", "more than the 32"),
        (policy(|it| it.retries.budget_ms = u64::MAX), "retries.budget_ms", "not within"),
        (policy(|it| it.request_body.memory_bytes = u64::MAX), "request_body.memory_bytes", "not within"),
        (policy(|it| it.timeouts.read_ms = u64::MAX), "timeouts.read_ms", "not within"),
        (filters(|it| it.host = "$nonsense".into()), "filters.host", "no variable $nonsense"),
        (filters(|it| it.host = "a\r\nb".into()), "filters.host", "control"),
        (filters(|it| it.connection = "upgrade".into()), "filters.connection", "neither"),
        (gzip(0, "text/html"), "filters.compression", "0 is not within 1"),
        (gzip(10, "text/html"), "filters.compression", "10 is not within 1"),
        (gzip(1, "text"), "filters.compression", "no content type"),
        (gzip(1, "Text/html"), "filters.compression", "lower case"),
        (brotli(limits::BROTLI_LEVEL + 1, 0), "filters.compression", "7 is not within 0"),
        (brotli(0, u64::MAX), "filters.compression", "not within"),
        (filters(|it| it.hidden_headers = vec!["a b".into()]), "filters.hidden_headers", "token"),
        (external(|it| it.target = "verify".into()), "filters.external", "begin with a slash"),
        (external(|it| it.host = String::new()), "filters.external", "no host"),
        (external(|it| it.cache_key = "$nonsense".into()), "filters.external", "no variable"),
        (external(|it| it.method = "G T".into()), "filters.external", "token"),
        (external(|it| it.response_headers = vec!["Host".into()]), "filters.external", "not for"),
        (external(|it| it.request_headers = vec![header("Content-Length", "1")]), "filters.external", "not for"),
        (external(|it| it.kept = vec![Kept { statuses: vec![99], ms: 1 }]), "filters.external", "within"),
        (filters(|it| it.request_headers = vec![header("Content-Length", "1")]), "filters.request_headers", "not for"),
        (filters(|it| it.response_headers = vec![header("X-A", "a\nb")]), "filters.response_headers", "control"),
        (
            filters(|it| it.access = Some(Access { allow: vec!["10.0.0.0/33".into()], deny: Vec::new() })),
            "filters.access",
            "length of a prefix",
        ),
        (
            filters(|it| it.password = Some(Password { realm: "a\"b".into(), users: Secret::new(Vec::new()) })),
            "filters.password.realm",
            "quotes",
        ),
        (
            policy(|it| it.https_redirect = Some(HttpsRedirect { status: 404, keep_slash: false, port: false })),
            "https_redirect.status",
            "404",
        ),
        (policy(|it| it.hsts = Some("a\r\nb".into())), "hsts", "control character"),
        (policy(|it| it.hsts = Some(" a".into())), "hsts", "space around"),
        (policy(|it| it.rewrite = Some(Rewrite { template: "/$0".into() })), "rewrite.template", "no digit"),
        (policy(|it| it.rewrite = Some(Rewrite { template: "/$".into() })), "rewrite.template", "no digit"),
        (policy(|it| it.rewrite = Some(Rewrite { template: "/\n".into() })), "rewrite.template", "control"),
        (backend(&[("10.0.0.1", 80), ("localhost", 80)]), "endpoints[1][0]", "not an IP address"),
        (backend(&[("[::1]", 80)]), "endpoints[0][0]", "not an IP address"),
        (backend(&[("10.0.0.1", 0)]), "endpoints[0][1]", "0 is not within"),
        (backend(&[("10.0.0.2", 80), ("10.0.0.1", 80)]), "endpoints", "entry 1"),
        (Segment::Backends(BackendShard { backends: vec![(shop(), ZEROS), (shop(), ZEROS)] }), "backends", "entry 1"),
        (
            Segment::Certificate(Certificate {
                id: CertificateId { namespace: "a".into(), name: "b".into() },
                chain_pem: Vec::new(),
                key_pem: Secret::new(vec![b'x'; limits::PEM_BYTES + 1]),
            }),
            "key_pem",
            "262144",
        ),
    ]
}

#[test]
fn bad_values_are_refused_by_name() {
    for (segment, field, reason) in bad_values() {
        let bytes = encode(&segment).unwrap();
        let refusal = decode(&bytes).expect_err(&format!("{field} must be refused: {reason}"));
        assert_eq!(refusal.field, field, "{refusal}");
        assert!(refusal.reason.contains(reason), "{refusal} should say {reason:?}");
        assert_eq!(refusal.segment, Digest::of(&bytes).hex());
        assert_eq!(refusal.kind, segment.kind().name());
    }
}

/// `MessagePack` by hand, for what no encoder of ours writes: maps and texts of less than 16 entries or 32 bytes.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn map(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0x80 | entries.len() as u8];
    for (key, value) in entries {
        bytes.extend(text(key));
        bytes.extend_from_slice(value);
    }
    bytes
}

#[expect(clippy::cast_possible_truncation, reason = "see `map`")]
fn text(value: &str) -> Vec<u8> {
    [&[0xa0 | value.len() as u8], value.as_bytes()].concat()
}

fn host_with(route: &[(&str, &[u8])]) -> Vec<u8> {
    let routes = [&[0x91][..], &map(route)].concat();
    map(&[("kind", &text("host")), ("host", &text("")), ("certificate", &[0xc0]), ("routes", &routes)])
}

#[test]
fn bad_shapes_are_refused_by_place() {
    let id = [&[0x95][..], &text("I"), &text("n"), &text("m"), &[0, 0]].concat();
    let odd_match = map(&[("type", &text("exact")), ("pattern", &text("x"))]);
    let unknown_match = map(&[("type", &text("glob")), ("path", &text("x"))]);
    let wrong_path = map(&[("type", &text("exact")), ("path", &[7])]);
    let short_digest = [&[0xc4, 3][..], b"abc"].concat();
    let cases: Vec<(Vec<u8>, &str, &str, &str)> = vec![
        (Vec::new(), "", "", ""),
        (vec![0xc0], "", "", ""),
        (text("host"), "", "", "first field is kind"),
        (map(&[("host", &text("")), ("kind", &text("host"))]), "", "", "first field of a segment is kind"),
        (map(&[("kind", &text("hoist"))]), "", "kind", "hoist"),
        (map(&[("kind", &text("policy")), ("attempts", &[3])]), "policy", "attempts", "unknown field"),
        (map(&[("kind", &text("policy")), ("tries", &text("3"))]), "policy", "tries", "FixStr"),
        (map(&[("kind", &text("policy")), ("tries", &[3]), ("tries", &[3])]), "policy", "", "duplicate field"),
        (map(&[("kind", &text("policy")), ("kind", &text("policy"))]), "policy", "kind", "unknown field"),
        (map(&[("kind", &text("host")), ("host", &text(""))]), "host", "", "missing field `routes`"),
        ([map(&[("kind", &text("policy"))]), vec![0]].concat(), "policy", "", "1 bytes follow"),
        (host_with(&[("id", &id), ("match", &odd_match)]), "host", "routes[0].match", "type exact has the field path"),
        (host_with(&[("id", &id), ("match", &unknown_match)]), "host", "routes[0].match.type", "glob"),
        (host_with(&[("id", &id), ("match", &wrong_path)]), "host", "routes[0].match.path", "integer"),
        (host_with(&[("id", &id), ("policy", &short_digest)]), "host", "routes[0].policy", "16 bytes"),
        (
            map(&[("kind", &text("root")), ("version", &[0x92, 1, 0]), ("backends", &[0x90])]),
            "root",
            "backends",
            "256 digests are needed, not 0",
        ),
    ];
    for (bytes, kind, field, reason) in cases {
        let refusal = decode(&bytes).expect_err(reason);
        assert_eq!((refusal.kind.as_str(), refusal.field.as_str()), (kind, field), "{refusal}");
        assert!(refusal.reason.contains(reason), "{refusal} should say {reason:?}");
    }
}

#[test]
fn a_key_of_the_wrong_type_is_not_quoted() {
    let key = [&[0x81][..], &text("hunter2"), &[0xc0]].concat();
    let certificate = [("kind", text("certificate")), ("key_pem", key)];
    let refusal = decode(&map(&certificate.each_ref().map(|(name, value)| (*name, value.as_slice())))).unwrap_err();
    assert_eq!((refusal.field.as_str(), refusal.reason.as_str()), ("key_pem", "not a string of bytes"));
}

#[test]
fn defaults_fill_in_what_is_left_out() {
    let (_, segment) = decode(&map(&[("kind", &text("policy")), ("timeouts", &map(&[("read_ms", &[9])]))])).unwrap();
    let timeouts = Timeouts { connect_ms: 5_000, send_ms: 60_000, read_ms: 9 };
    assert_eq!(segment, Segment::Policy(Policy { timeouts, ..Policy::default() }));
}
