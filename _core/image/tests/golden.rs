//! Segments that Python made: every one decodes to what was meant, and encodes back to the same bytes.
#![allow(clippy::unwrap_used)]

use sallygate_image::{
    Action, Backend, BackendId, BackendShard, Balance, Certificate, CertificateId, CertificateShard,
    ClientCertificates, Connections, Digest, Endpoint, EndpointTls, Forwarders, Host, HostShard, HostTls,
    HttpsRedirect, Listener, Listeners, Network, PathMatch, Policy, Protocol, ProxyHeaders, Rewrite, Root, Route,
    RouteId, Secret, Segment, Shards, Timeouts, TlsVersion, UpstreamTls, Verify, decode, encode, version,
};

const ZEROS: Digest = Digest([0; 16]);

fn certificate_id() -> CertificateId {
    CertificateId { namespace: "default".into(), name: "tls".into() }
}

fn shop() -> BackendId {
    BackendId { namespace: "default".into(), service: "shop".into(), port: "80".into() }
}

fn route(path: u32, match_: PathMatch, action: Action) -> Route {
    Route {
        id: RouteId { kind: "Ingress".into(), namespace: "default".into(), name: "shop".into(), rule: 0, path },
        match_,
        action,
        policy: ZEROS,
        display_path: format!("/{path}"),
        errors: None,
        mirror: None,
    }
}

fn host() -> Host {
    let verified = UpstreamTls { verify: true, server_name: Some("shop.example".into()) };
    Host {
        host: "*.shop.example".into(),
        certificate: Some(certificate_id()),
        routes: vec![
            route(
                0,
                PathMatch::Exact { path: "/a".into() },
                Action::Forward { backend: shop(), tls: None, canaries: Vec::new(), spare: None },
            ),
            route(
                1,
                PathMatch::Prefix { path: "/b".into() },
                Action::Forward { backend: shop(), tls: Some(verified), canaries: Vec::new(), spare: None },
            ),
            route(
                2,
                PathMatch::Regex { pattern: "/c(/|$)(.*)".into(), ignore_case: true },
                Action::Redirect { path: "/d".into(), status: 302, query: true, relative: false },
            ),
            route(
                3,
                PathMatch::Regex { pattern: "/é".into(), ignore_case: false },
                Action::Redirect { path: "/d".into(), status: 301, query: true, relative: false },
            ),
            route(4, PathMatch::Prefix { path: "/".into() }, Action::Respond { status: 404 }),
        ],
        tls: Some(HostTls {
            clients: Some(ClientCertificates {
                ca_pem: b"ca".to_vec(),
                crl_pem: Vec::new(),
                verify: Verify::OptionalNoCa,
                depth: 2,
                error_page: "https://help.example/".into(),
                passes: true,
                subject: "CN=a".into(),
            }),
            ciphers: "ECDHE+AESGCM".into(),
            client_order: Some(true),
        }),
    }
}

fn forwarders(header: &str, believed: bool) -> Forwarders {
    let networks = ["10.0.0.0/8", "2001:db8::/32"].map(|text| Network::try_from(text.to_owned()).unwrap());
    Forwarders { networks: networks.to_vec(), address_header: header.into(), claims: believed, append: believed }
}

fn introduced(some: bool, timeout_ms: u64) -> ProxyHeaders {
    let networks = if some { forwarders("x", false).networks } else { Vec::new() };
    ProxyHeaders { networks, timeout_ms }
}

fn expected() -> Vec<Segment> {
    let listener = |name: &str, protocol| Listener {
        name: name.into(),
        protocol,
        table: "web".into(),
        forwarders: None,
        proxy_headers: None,
        tls: None,
    };
    let endpoint = |address: &str| Endpoint { address: address.into(), port: 8080 };
    vec![
        Segment::Root(Root {
            version: (version::MAJOR, version::MINOR),
            listeners: ZEROS,
            tables: [("web".to_owned(), Shards::filled(ZEROS))].into(),
            backends: Shards::filled(ZEROS),
            certificates: Shards::filled(ZEROS),
            default_certificate: Some(certificate_id()),
        }),
        Segment::Listeners(Listeners {
            listeners: vec![listener("http", Protocol::Http), listener("s", Protocol::Https)],
            ..Listeners::default()
        }),
        Segment::Listeners(Listeners {
            listeners: vec![
                Listener { forwarders: Some(forwarders("x-forwarded-for", false)), ..listener("a", Protocol::Http) },
                Listener { forwarders: Some(forwarders("cf-connecting-ip", true)), ..listener("b", Protocol::Http) },
                Listener { proxy_headers: Some(introduced(true, 3_000)), ..listener("c", Protocol::Http) },
                Listener { proxy_headers: Some(introduced(false, 1)), ..listener("d", Protocol::Http) },
            ],
            connections: Connections {
                client_idle_ms: Some(0),
                client_requests: Some(1),
                header_timeout_ms: Some(2),
                body_timeout_ms: Some(3),
                request_line_bytes: Some(2_048),
                head_bytes: Some(4_096),
                underscores: true,
                upstream_idle: Some(0),
                upstream_idle_ms: Some(4),
                upstream_requests: Some(5),
                upstream_age_ms: Some(6),
            },
            ..Listeners::default()
        }),
        Segment::Hosts(HostShard {
            hosts: ["", ".shop.example", "shop.example"].map(|key| (key.to_owned(), ZEROS)).to_vec(),
        }),
        Segment::Host(host()),
        Segment::Policy(Policy::default()),
        Segment::Policy(Policy {
            timeouts: Timeouts { connect_ms: 1, send_ms: 60_000, read_ms: 2 },
            body_limit_bytes: 0,
            https_redirect: Some(HttpsRedirect::default()),
            rewrite: Some(Rewrite { template: "/$2".into() }),
            hsts: Some("max-age=31536000".into()),
            tries: 1,
            endpoint_tls: Some(Box::new(EndpointTls {
                verify: true,
                name: "shop.example".into(),
                newest: TlsVersion::V12,
                ca_pem: b"ca".to_vec(),
                key_pem: Secret::new(b"key".to_vec()),
                ..EndpointTls::default()
            })),
            ..Policy::default()
        }),
        Segment::Backends(BackendShard { backends: vec![(shop(), ZEROS)] }),
        Segment::Backend(Backend {
            id: shop(),
            endpoints: vec![endpoint("10.0.0.1"), endpoint("::1")],
            balance: Balance::LeastRequest,
        }),
        Segment::Backend(Backend { id: shop(), endpoints: Vec::new(), balance: Balance::RoundRobin }),
        Segment::Certificates(CertificateShard { certificates: vec![(certificate_id(), ZEROS)] }),
        Segment::Certificate(Certificate {
            id: certificate_id(),
            chain_pem: b"chain".to_vec(),
            key_pem: Secret::new(b"key".to_vec()),
        }),
    ]
}

fn made_by_python() -> Vec<&'static [u8]> {
    let mut rest: &'static [u8] = include_bytes!("fixtures/segments.bin");
    let mut segments = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (segment, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
        segments.push(segment);
        rest = tail;
    }
    segments
}

#[test]
fn every_segment_means_the_same_on_both_sides() {
    let made = made_by_python();
    assert_eq!(made.len(), expected().len());
    for (bytes, wanted) in made.into_iter().zip(expected()) {
        let (digest, segment) = decode(bytes).unwrap();
        assert_eq!(segment, wanted);
        assert_eq!(digest, Digest::of(bytes));
        let again = encode(&segment).unwrap();
        assert_eq!(decode(&again).unwrap().1, segment);
        // Python leaves out fewer fields of a redirect than it may, and more of a policy than it must; where both
        // write the same fields, they write the same bytes.
        if !matches!(segment, Segment::Policy(_)) {
            assert_eq!(Digest::of(&again), digest, "{segment:?}");
        }
    }
}

#[test]
fn no_debug_text_shows_a_key() {
    let text = format!("{:#?}", expected());
    assert!(text.contains("Secret(…)"));
    assert!(!text.contains(&format!("{:?}", b"key".to_vec())) && !text.contains("key\""));
}
