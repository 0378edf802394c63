//! From the bytes of a segment to its value, and back.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::backend::{Backend, BackendShard};
use crate::certificate::{Certificate, CertificateShard};
use crate::digest::Digest;
use crate::limits;
use crate::listener::Listeners;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::root::{HostShard, Root};
use crate::route::Host;
use crate::validate::validate;

/// What a segment is. The names are those that stand in the field `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Root,
    Listeners,
    Hosts,
    Host,
    Policy,
    Backends,
    Backend,
    Certificates,
    Certificate,
}

impl Kind {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Listeners => "listeners",
            Self::Hosts => "hosts",
            Self::Host => "host",
            Self::Policy => "policy",
            Self::Backends => "backends",
            Self::Backend => "backend",
            Self::Certificates => "certificates",
            Self::Certificate => "certificate",
        }
    }
}

/// A decoded segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Segment {
    Root(Root),
    Listeners(Listeners),
    Hosts(HostShard),
    Host(Host),
    Policy(Policy),
    Backends(BackendShard),
    Backend(Backend),
    Certificates(CertificateShard),
    Certificate(Certificate),
}

impl Segment {
    /// What this segment is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Root(_) => Kind::Root,
            Self::Listeners(_) => Kind::Listeners,
            Self::Hosts(_) => Kind::Hosts,
            Self::Host(_) => Kind::Host,
            Self::Policy(_) => Kind::Policy,
            Self::Backends(_) => Kind::Backends,
            Self::Backend(_) => Kind::Backend,
            Self::Certificates(_) => Kind::Certificates,
            Self::Certificate(_) => Kind::Certificate,
        }
    }
}

impl<'de> Deserialize<'de> for Segment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tagged;

        impl<'de> Visitor<'de> for Tagged {
            type Value = Segment;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map whose first field is kind")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Segment, A::Error> {
                // The tag stands first by contract, so the rest of the map is read straight into the type that it
                // names: nothing is buffered, and errors keep their place.
                match map.next_key::<String>()? {
                    Some(key) if key == "kind" => {}
                    _ => return Err(de::Error::custom("the first field of a segment is kind")),
                }
                let kind = map.next_value()?;
                let rest = MapAccessDeserializer::new(map);
                Ok(match kind {
                    Kind::Root => Segment::Root(Deserialize::deserialize(rest)?),
                    Kind::Listeners => Segment::Listeners(Deserialize::deserialize(rest)?),
                    Kind::Hosts => Segment::Hosts(Deserialize::deserialize(rest)?),
                    Kind::Host => Segment::Host(Deserialize::deserialize(rest)?),
                    Kind::Policy => Segment::Policy(Deserialize::deserialize(rest)?),
                    Kind::Backends => Segment::Backends(Deserialize::deserialize(rest)?),
                    Kind::Backend => Segment::Backend(Deserialize::deserialize(rest)?),
                    Kind::Certificates => Segment::Certificates(Deserialize::deserialize(rest)?),
                    Kind::Certificate => Segment::Certificate(Deserialize::deserialize(rest)?),
                })
            }
        }

        deserializer.deserialize_map(Tagged)
    }
}

/// Turn the bytes of a segment into its digest and its value, which is then within all bounds.
pub fn decode(bytes: &[u8]) -> Result<(Digest, Segment), Refusal> {
    let digest = Digest::of(bytes);
    if bytes.len() > limits::SEGMENT_BYTES {
        let reason = format!("{} bytes are more than the {} allowed", bytes.len(), limits::SEGMENT_BYTES);
        return Err(Refusal::new(digest, kind_name(bytes), "", reason));
    }
    // Two readings: the fast one keeps no track of where it is, and nearly always succeeds.
    let segment = read(bytes).map_err(|()| diagnose(digest, bytes))?;
    validate(&segment).map_err(|fault| Refusal::new(digest, segment.kind().name(), fault.field, fault.reason))?;
    Ok((digest, segment))
}

/// The bytes of a segment. What is written is what the control plane would write for the same value.
pub fn encode(segment: &Segment) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(segment).map_err(|error| error.to_string())
}

fn read(bytes: &[u8]) -> Result<Segment, ()> {
    let mut rest = bytes;
    let segment = Segment::deserialize(&mut rmp_serde::Deserializer::new(&mut rest)).map_err(|_| ())?;
    if rest.is_empty() { Ok(segment) } else { Err(()) }
}

/// Read again, slowly, to say where and what the fault is.
fn diagnose(digest: Digest, bytes: &[u8]) -> Refusal {
    let mut rest = bytes;
    match serde_path_to_error::deserialize::<_, Segment>(&mut rmp_serde::Deserializer::new(&mut rest)) {
        Ok(segment) => {
            let reason = format!("{} bytes follow the end of the value", rest.len());
            Refusal::new(digest, segment.kind().name(), "", reason)
        }
        Err(error) => {
            let path = error.path().to_string();
            let field = if path == "." { String::new() } else { path };
            // The message may quote the value that it is about, and this one is nobody's to read.
            let reason = if field.ends_with("_key") || field.ends_with("key_pem") {
                "not a string of bytes".to_owned()
            } else {
                error.into_inner().to_string()
            };
            Refusal::new(digest, kind_name(bytes), field, reason)
        }
    }
}

/// The kind that damaged bytes say they are, for the message.
fn kind_name(bytes: &[u8]) -> &'static str {
    struct First<'a>(&'a mut &'static str);

    impl<'de> Visitor<'de> for First<'_> {
        type Value = ();

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            if map.next_key::<String>()?.as_deref() == Some("kind") {
                *self.0 = map.next_value::<Kind>()?.name();
            }
            Ok(())
        }
    }

    let mut name = "";
    let mut rest = bytes;
    // The rest of the map stays unread, which counts as an error; by then the name is known.
    let _unread = rmp_serde::Deserializer::new(&mut rest).deserialize_map(First(&mut name));
    name
}
