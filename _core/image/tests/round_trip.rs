//! Whatever is within bounds survives encoding and decoding; whatever bytes come, decoding answers and never panics.

#![allow(clippy::unwrap_used)]

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use sallygate_image::{
    Access, AccessLog, Action, Affinity, Backend, BackendId, BackendShard, Balance, Blocked, Canary, Certificate,
    CertificateId, CertificateShard, Coding, Compression, Connections, Cors, Digest, Endpoint, Errors, Escape,
    External, Filters, Forwarders, Header, Host, HostShard, HttpsRedirect, Kept, KeptAlive, Limits, Listed, Listener,
    Listeners, Mirror, Network, Password, PathMatch, Policy, Protocol, ProxyHeaders, Replacement, RequestBody, Retries,
    Rewrite, Root, Route, RouteId, Secret, Segment, Shards, SkipPattern, Throttle, Timeouts, UpstreamTls, decode,
    encode, limits,
};

const HOST: &str = "(\\*\\.)?[a-z0-9_-]{1,10}(\\.[a-z0-9-]{1,10}){0,3}";
const PATH: &str = "/[a-zA-Z0-9é$ ./-]{0,20}";

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 16]>().prop_map(Digest)
}

fn backend_id() -> impl Strategy<Value = BackendId> {
    ("[a-z]{0,3}", "[a-z]{0,3}", "[0-9a-z]{0,2}").prop_map(|(namespace, service, port)| BackendId {
        namespace,
        service,
        port,
    })
}

fn certificate_id() -> impl Strategy<Value = CertificateId> {
    ("[a-z]{0,3}", "[a-zé]{0,3}").prop_map(|(namespace, name)| CertificateId { namespace, name })
}

fn path_match() -> impl Strategy<Value = PathMatch> {
    prop_oneof![
        PATH.prop_map(|path| PathMatch::Exact { path }),
        PATH.prop_map(|path| {
            let trimmed = path.trim_end_matches('/');
            PathMatch::Prefix { path: if trimmed.is_empty() { "/".into() } else { trimmed.to_owned() } }
        }),
        (".{0,20}", any::<bool>()).prop_map(|(pattern, ignore_case)| PathMatch::Regex { pattern, ignore_case }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let target = prop_oneof![PATH, "https://[a-z]{1,5}/[a-z?=&]{0,9}"];
    let tls = (any::<bool>(), option::of("[a-z]{1,9}(\\.[a-z]{1,3})?"))
        .prop_map(|(verify, server_name)| UpstreamTls { verify, server_name });
    prop_oneof![
        (backend_id(), option::of(tls), vec(canary(), 0..3), option::of(backend_id()))
            .prop_map(|(backend, tls, canaries, spare)| Action::Forward { backend, tls, canaries, spare }),
        (target, 300..=399_u16, any::<bool>(), any::<bool>())
            .prop_map(|(path, status, query, relative)| Action::Redirect { path, status, query, relative }),
        ("[a-z]{1,9}\\.example", 300..=399_u16).prop_map(|(host, status)| Action::RedirectHost { host, status }),
        (200..=599_u16).prop_map(|status| Action::Respond { status }),
    ]
}

fn canary() -> impl Strategy<Value = Canary> {
    const TOKEN: &str = "([a-zA-Z-]{1,9})?";
    (backend_id(), 0..=limits::COUNT, 1..=limits::COUNT, TOKEN, "[ -~]{0,9}", "[a-z.*]{0,9}", TOKEN).prop_map(
        |(backend, weight, total, header, header_value, header_pattern, cookie)| Canary {
            backend,
            tls: None,
            weight,
            total,
            header,
            header_value,
            header_pattern,
            cookie,
        },
    )
}

fn mirror() -> impl Strategy<Value = Mirror> {
    (backend_id(), any::<bool>()).prop_map(|(backend, body)| Mirror {
        backend,
        host: "copy.example".into(),
        target: "/$request_uri".into(),
        tls: None,
        body,
    })
}

fn errors() -> impl Strategy<Value = Errors> {
    (btree_set(300..=599_u16, 0..5), backend_id(), any::<bool>()).prop_map(|(statuses, backend, local_only)| Errors {
        statuses: statuses.into_iter().collect(),
        backend,
        local_only,
    })
}

fn route() -> impl Strategy<Value = Route> {
    let id = ("[A-Za-z]{1,9}", "[a-z]{0,5}", "[a-z]{0,5}", any::<u32>(), any::<u32>())
        .prop_map(|(kind, namespace, name, rule, path)| RouteId { kind, namespace, name, rule, path });
    (id, path_match(), action(), digest(), ".{0,20}", option::of(errors()), option::of(mirror())).prop_map(
        |(id, match_, action, policy, display_path, errors, mirror)| Route {
            id,
            match_,
            action,
            policy,
            display_path,
            errors,
            mirror,
        },
    )
}

fn filters() -> impl Strategy<Value = Filters> {
    const NETWORK: &str = "10\\.[1-9]\\.0\\.0/16|2001:db8::/32|::1/128";
    const TEXT: &str = "([a-z]|\\$\\{host\\}|\\$\\{http_x_y\\}|\\$1){1,5}";
    let networks = || vec(NETWORK, 0..3);
    let access = (networks(), networks()).prop_map(|(allow, deny)| Access { allow, deny });
    let cors = (vec("https://(\\*\\.)?[a-z]{1,5}", 1..3), any::<bool>(), any::<u32>()).prop_map(
        |(origins, credentials, max_age_s)| Cors {
            origins,
            methods: "GET".into(),
            headers: "X-One, X-Two".into(),
            expose: if credentials { "X-Three".into() } else { String::new() },
            credentials,
            max_age_s,
        },
    );
    let counts = [0..=limits::COUNT, 0..=limits::COUNT, 0..=limits::COUNT, 0..=limits::COUNT];
    let limits = (counts, networks(), 400..=599_u16, prop_oneof![Just(String::new()), TEXT]).prop_map(
        |([per_second, per_minute, burst, connections], exempt, rate_status, by)| Limits {
            zone: "default/shop".into(),
            per_second,
            per_minute,
            burst,
            connections,
            exempt,
            rate_status,
            connections_status: 503,
            by,
        },
    );
    let password = ("[a-zA-Z é]{0,9}", vec(any::<u8>(), 0..99))
        .prop_map(|(realm, users)| Password { realm, users: Secret::new(users) });
    let header = ("[A-Za-z]-[A-Za-z-]{1,9}", TEXT).prop_map(|(name, value)| Header { name, value });
    let replacement = ("[a-z/:.]{1,9}", "[a-z/:.]{0,9}").prop_map(|(from, to)| Replacement { from, to });
    let refusing = (option::of(cors), option::of(limits), option::of(access), option::of(password), any::<bool>());
    (refusing, vec(header, 0..3), option::of(replacement), any::<bool>()).prop_map(
        |((cors, limits, access, password, satisfy_any), headers, replacement, logged)| Filters {
            cors,
            limits,
            access,
            password,
            external: satisfy_any.then(|| External {
                backend: logged.then(|| BackendId { namespace: "a".into(), service: "b".into(), port: "80".into() }),
                tls: logged,
                server_name: if logged { "a.example".into() } else { String::new() },
                host: "$host".into(),
                target: "/verify?a=$request_uri".into(),
                method: if logged { "HEAD".into() } else { String::new() },
                request_headers: headers.clone(),
                response_headers: headers.iter().map(|header| header.name.clone()).collect(),
                cache_key: "$http_cookie".into(),
                kept: vec![Kept { statuses: vec![200, 401], ms: 1 }, Kept { statuses: Vec::new(), ms: 2 }],
                alive: logged.then_some(KeptAlive { connections: 1, requests: 2, idle_ms: 3 }),
                ..External::default()
            }),
            satisfy_any,
            host: if logged { "$host.inner".into() } else { String::new() },
            forwarded_prefix: if logged { "/a".into() } else { String::new() },
            hidden_headers: headers.iter().map(|header| header.name.clone()).collect(),
            request_headers: headers.clone(),
            response_headers: headers,
            location: replacement.clone(),
            cookie_domain: replacement.clone(),
            cookie_path: replacement,
            affinity: (!logged).then(|| Affinity {
                cookie: "route".into(),
                path: "/a".into(),
                domain: "a.example".into(),
                expires_s: Some(-1),
                max_age_s: None,
                secure: satisfy_any,
                same_site: "Lax".into(),
                persistent: !satisfy_any,
                sticky: true,
                same_site_by_browser: satisfy_any,
                moves_on_failure: !satisfy_any,
            }),
            hash_by: if satisfy_any { "$request_uri".into() } else { String::new() },
            hash_subset: if satisfy_any { 3 } else { 0 },
            connection: if logged { "close".into() } else { String::new() },
            compression: satisfy_any.then(|| {
                let coding = Coding { level: 4, min_length: 20, types: vec!["text/html".into(), "*".into()] };
                let gzip = logged.then(|| coding.clone());
                Box::new(Compression { gzip, brotli: Some(coding), no_gzip_for: "MSIE".into() })
            }),
            throttle: satisfy_any.then_some(Throttle { bytes_per_second: 1_024, after_bytes: u64::from(logged) }),
            logged,
            makes_ids: !satisfy_any,
            server: satisfy_any,
            blocked: satisfy_any.then(|| Blocked {
                user_agents: Listed { texts: vec!["curl".into()], ..Listed::default() },
                referers: Listed {
                    patterns: vec!["^http://a".into()],
                    patterns_in_any_case: vec!["spam".into()],
                    ..Listed::default()
                },
            }),
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let timeout = 1..=limits::TIMEOUT_MS;
    (
        (timeout.clone(), timeout.clone(), timeout),
        any::<u64>(),
        option::of(300..=399_u16),
        option::of("/?([a-z/]|\\$[1-9]){0,9}"),
        option::of("[a-z=]([a-z=; ]{0,20}[a-z0-9])?"),
        1..=limits::TRIES,
        retries(),
        (any::<bool>(), 0..=limits::BODY_MEMORY_BYTES),
        any::<bool>(),
        option::of(filters()),
    )
        .prop_map(
            |(
                (connect_ms, send_ms, read_ms),
                body_limit_bytes,
                redirect,
                template,
                hsts,
                tries,
                retries,
                body,
                http10,
                filters,
            )| Policy {
                timeouts: Timeouts { connect_ms, send_ms, read_ms },
                body_limit_bytes,
                https_redirect: redirect.map(|status| HttpsRedirect {
                    status,
                    keep_slash: status % 2 == 0,
                    port: status % 3 == 0,
                }),
                rewrite: template.map(|template| Rewrite { template }),
                hsts,
                tries,
                retries,
                request_body: RequestBody { buffered: body.0, memory_bytes: body.1 },
                http10,
                filters: filters.map(Box::new),
                endpoint_tls: None,
            },
        )
}

fn retries() -> impl Strategy<Value = Retries> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (flags, btree_set(400..=599_u16, 0..4), 0..=limits::TIMEOUT_MS).prop_map(
        |((error, timeout, invalid, non_idempotent), statuses, budget_ms)| Retries {
            error,
            timeout,
            invalid,
            statuses: statuses.into_iter().collect(),
            non_idempotent,
            budget_ms,
        },
    )
}

fn shards() -> impl Strategy<Value = Shards> {
    (digest(), any::<u8>(), digest()).prop_map(|(all, one, other)| {
        let mut shards = Shards::filled(all);
        shards.set(one, other);
        shards
    })
}

fn root() -> impl Strategy<Value = Root> {
    let tables = btree_map("[a-z]{1,5}", shards(), 0..4);
    (0..9_u32, digest(), tables, shards(), shards(), option::of(certificate_id())).prop_map(
        |(minor, listeners, tables, backends, certificates, default_certificate)| Root {
            version: (1, minor),
            listeners,
            tables,
            backends,
            certificates,
            default_certificate,
        },
    )
}

fn forwarders() -> impl Strategy<Value = Forwarders> {
    let networks = btree_set(any::<std::net::IpAddr>(), 0..4).prop_map(|addresses| {
        let mut networks: Vec<_> = addresses
            .iter()
            .filter_map(|one| Network::try_from(format!("{one}/{}", if one.is_ipv4() { 32 } else { 128 })).ok())
            .collect();
        networks.sort();
        networks
    });
    (networks, "[a-z-]{1,9}|x-forwarded-for", any::<bool>(), any::<bool>())
        .prop_map(|(networks, address_header, claims, append)| Forwarders { networks, address_header, claims, append })
}

fn connections() -> impl Strategy<Value = Connections> {
    let number = || option::of(1..9_u32);
    let length = || option::of(1_024..9_999_u32);
    let client = (number(), number(), number(), number(), length(), length(), any::<bool>());
    (client, number(), number(), number(), number()).prop_map(
        |(client, upstream_idle, upstream_idle_ms, upstream_requests, upstream_age_ms)| Connections {
            client_idle_ms: client.0,
            client_requests: client.1,
            header_timeout_ms: client.2,
            body_timeout_ms: client.3,
            request_line_bytes: client.4,
            head_bytes: client.5,
            underscores: client.6,
            upstream_idle,
            upstream_idle_ms,
            upstream_requests,
            upstream_age_ms,
        },
    )
}

fn log() -> impl Strategy<Value = AccessLog> {
    let escape = prop_oneof![Just(Escape::Default), Just(Escape::Json), Just(Escape::None)];
    let pattern = ("[a-z]{1,5}", any::<bool>()).prop_map(|(pattern, ignore_case)| SkipPattern { pattern, ignore_case });
    let lists = (vec("[a-z$ ]{0,9}", 0..5), vec("/[a-z]{0,9}", 0..3), vec(pattern, 0..3));
    (lists, escape, any::<(bool, bool)>()).prop_map(|((format, skip, skip_patterns), escape, (unrouted, enabled))| {
        AccessLog { format, escape, skip, skip_patterns, unrouted, enabled }
    })
}

fn listeners() -> impl Strategy<Value = Listeners> {
    let each = (any::<bool>(), "[a-z]{1,5}", option::of(forwarders()), option::of((forwarders(), 1..10_000_u64)));
    (btree_map("[a-z]{1,5}", each, 0..5), connections(), log()).prop_map(|(listeners, connections, log)| Listeners {
        connections,
        log,
        listeners: listeners
            .into_iter()
            .map(|(name, (tls, table, forwarders, headers))| Listener {
                name,
                protocol: if tls { Protocol::Https } else { Protocol::Http },
                table,
                forwarders,
                proxy_headers: headers.map(|(like, timeout_ms)| ProxyHeaders { networks: like.networks, timeout_ms }),
                tls: None,
            })
            .collect(),
    })
}

fn segment() -> impl Strategy<Value = Segment> {
    let endpoint = (any::<std::net::IpAddr>(), 1..=65_535_u16)
        .prop_map(|(address, port)| Endpoint { address: address.to_string(), port });
    let balance = prop_oneof![Just(Balance::RoundRobin), Just(Balance::LeastRequest)];
    prop_oneof![
        root().prop_map(Segment::Root),
        listeners().prop_map(Segment::Listeners),
        btree_map(HOST, digest(), 0..9).prop_map(|hosts| {
            let mut hosts: Vec<_> =
                hosts.into_iter().map(|(host, digest)| (host.trim_start_matches('*').to_owned(), digest)).collect();
            hosts.sort();
            Segment::Hosts(HostShard { hosts })
        }),
        (HOST, option::of(certificate_id()), vec(route(), 0..9))
            .prop_map(|(host, certificate, routes)| Segment::Host(Host { host, certificate, routes, tls: None })),
        policy().prop_map(Segment::Policy),
        btree_map(backend_id(), digest(), 0..9)
            .prop_map(|backends| Segment::Backends(BackendShard { backends: backends.into_iter().collect() })),
        (backend_id(), btree_set(endpoint, 0..9), balance).prop_map(|(id, endpoints, balance)| Segment::Backend(
            Backend { id, endpoints: endpoints.into_iter().collect(), balance }
        )),
        btree_map(certificate_id(), digest(), 0..9).prop_map(|certificates| Segment::Certificates(CertificateShard {
            certificates: certificates.into_iter().collect()
        })),
        (certificate_id(), vec(any::<u8>(), 0..99), vec(any::<u8>(), 0..99)).prop_map(|(id, chain_pem, key)| {
            Segment::Certificate(Certificate { id, chain_pem, key_pem: Secret::new(key) })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn encoding_and_decoding_gives_the_value_back(segment in segment()) {
        let bytes = encode(&segment).unwrap();
        let (digest, again) = decode(&bytes).unwrap();
        prop_assert_eq!(digest, Digest::of(&bytes));
        prop_assert_eq!(&again, &segment);
        prop_assert_eq!(encode(&again).unwrap(), bytes);
    }

    #[test]
    fn damage_is_answered(segment in segment(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&segment).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Err(refusal) = decode(&bytes) {
            prop_assert!(!refusal.reason.is_empty());
        }
        prop_assert!(decode(&bytes[..at]).is_err(), "a cut segment is never whole");
    }

    #[test]
    fn noise_is_answered(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok((_, segment)) = decode(&bytes) {
            prop_assert_eq!(decode(&encode(&segment).unwrap()).unwrap().1, segment);
        }
    }
}
