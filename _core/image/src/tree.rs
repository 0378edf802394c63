//! Which segments a root needs, and which of them are missing.

use std::collections::HashSet;

use crate::digest::Digest;
use crate::segment::Segment;

/// What a store knows about a digest.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// The segment itself, so its children can be listed.
    Decoded(&'a Segment),
    /// The segment and everything below it is there.
    Whole,
}

/// A store of segments.
pub trait Lookup {
    /// What is known about this digest; None is missing.
    fn known(&self, digest: &Digest) -> Option<Known<'_>>;
}

/// The digests that a segment names, in order, as often as it names them.
pub fn children(segment: &Segment) -> Vec<Digest> {
    match segment {
        Segment::Root(root) => [root.listeners]
            .into_iter()
            .chain(root.tables.values().flat_map(|shards| shards.iter().map(|(_, digest)| digest)))
            .chain(root.backends.iter().map(|(_, digest)| digest))
            .chain(root.certificates.iter().map(|(_, digest)| digest))
            .collect(),
        Segment::Hosts(shard) => shard.hosts.iter().map(|(_, digest)| *digest).collect(),
        Segment::Host(host) => host.routes.iter().map(|route| route.policy).collect(),
        Segment::Backends(shard) => shard.backends.iter().map(|(_, digest)| *digest).collect(),
        Segment::Certificates(shard) => shard.certificates.iter().map(|(_, digest)| *digest).collect(),
        Segment::Listeners(_) | Segment::Policy(_) | Segment::Backend(_) | Segment::Certificate(_) => Vec::new(),
    }
}

/// What is missing of the tree below `root`, as far as it can be known: what a missing segment needs in turn shows only
/// once it is there. Each digest stands in the answer once; upper levels come first.
pub fn missing(root: Digest, store: &impl Lookup) -> Vec<Digest> {
    let mut seen = HashSet::from([root]);
    let mut level = vec![root];
    let mut absent = Vec::new();
    while !level.is_empty() {
        let mut next = Vec::new();
        for digest in level {
            match store.known(&digest) {
                None => absent.push(digest),
                Some(Known::Whole) => {}
                Some(Known::Decoded(segment)) => {
                    next.extend(children(segment).into_iter().filter(|child| seen.insert(*child)));
                }
            }
        }
        level = next;
    }
    absent
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::root::{HostShard, Root, Shards};
    use crate::version;
    use crate::{BackendShard, CertificateShard, Host, Listeners, encode};

    struct Shelf(HashMap<Digest, Option<Segment>>);

    impl Lookup for Shelf {
        fn known(&self, digest: &Digest) -> Option<Known<'_>> {
            self.0.get(digest).map(|segment| segment.as_ref().map_or(Known::Whole, Known::Decoded))
        }
    }

    fn digest(segment: &Segment) -> Digest {
        Digest::of(&encode(segment).unwrap())
    }

    #[test]
    fn each_level_shows_once_the_one_above_is_there() {
        let host = Segment::Host(Host { host: "a.example".into(), certificate: None, routes: Vec::new(), tls: None });
        let shard = Segment::Hosts(HostShard { hosts: vec![("a.example".into(), digest(&host))] });
        let listeners = Segment::Listeners(Listeners::default());
        let backends = Segment::Backends(BackendShard::default());
        let certificates = Segment::Certificates(CertificateShard::default());
        let root = Segment::Root(Root {
            version: (version::MAJOR, version::MINOR),
            listeners: digest(&listeners),
            tables: [("web".to_owned(), Shards::filled(digest(&shard)))].into(),
            backends: Shards::filled(digest(&backends)),
            certificates: Shards::filled(digest(&certificates)),
            default_certificate: None,
        });
        let top = digest(&root);

        let mut shelf = Shelf(HashMap::new());
        assert_eq!(missing(top, &shelf), [top]);
        shelf.0.insert(top, Some(root));
        let first = [digest(&listeners), digest(&shard), digest(&backends), digest(&certificates)];
        assert_eq!(missing(top, &shelf), first, "each once, though named 256 times");
        for segment in [listeners, backends, certificates] {
            shelf.0.insert(digest(&segment), None);
        }
        shelf.0.insert(digest(&shard), Some(shard));
        assert_eq!(missing(top, &shelf), [digest(&host)]);
        shelf.0.insert(digest(&host), Some(host));
        assert_eq!(missing(top, &shelf), []);
    }
}
