//! What the control plane talks to: segments are offered, and become what is served, or are refused without a trace.

use std::sync::Arc;

use sallygate_image::{Digest, Known, Lookup, Refusal, decode, missing};

use super::build::{Build, Built, Makers, Offered};
use super::last_good::{LastGood, Pack};
use super::store::{DigestMap, Store};
use super::{Publication, Snapshot};
use crate::balance::{BackendKeys, Endpoints};
use crate::clock::Clock;
use crate::filter::{Lists, ZoneSeed};
use crate::route::{Patterns, Seed};
use crate::telemetry::{SlotAllocator, SlotRows};
use crate::trust::Authorities;

/// The segments of one offer, complete or not, are kept in memory until it is: about four times the largest
/// configuration that 100,000 routes make.
const OFFERED_BYTES: usize = 256 << 20;

/// How many commits of the last good configuration are tried, from the newest.
const COMMITS_TRIED: usize = 8;

/// What became of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the root is being served. Otherwise segments are `wanted`.
    pub accepted: bool,
    /// Segments that are needed and missing, as far as that is known yet.
    pub wanted: Vec<Digest>,
    /// The root that was offered.
    pub root: Digest,
    /// How many segments became part of the snapshot.
    pub built: usize,
    /// How many that they name, or that stand beside them, were there already.
    pub reused: usize,
    /// Decoding, checking and building, in microseconds.
    pub build_us: u64,
    /// Making it the current snapshot, in microseconds.
    pub swap_us: u64,
    /// Why it is not on disk, though it is served.
    pub problem: Option<String>,
}

/// Builds snapshots and publishes them. Owned by the one thread that talks to the control plane.
pub struct Publisher {
    publication: Arc<Publication>,
    pub(super) store: Store,
    makers: Makers,
    last_good: Option<LastGood>,
    clock: Clock,
    /// The root that segments were offered for and that is not complete yet.
    pending: Option<Digest>,
    pub(super) offered: DigestMap<Offered>,
}

/// The store and the offer, seen as one.
struct Shelf<'a>(&'a Store, &'a DigestMap<Offered>);

impl Lookup for Shelf<'_> {
    fn known(&self, digest: &Digest) -> Option<Known<'_>> {
        if self.0.contains(digest) {
            return Some(Known::Whole);
        }
        self.1.get(digest)?.segment.as_ref().map(Known::Decoded)
    }
}

impl Publisher {
    /// A publisher of nothing yet. `random` is called for seeds.
    pub fn new(
        slots: SlotAllocator,
        last_good: Option<LastGood>,
        clock: Clock,
        mut random: impl FnMut() -> u64,
    ) -> Self {
        Self {
            publication: Arc::new(Publication::new(Snapshot::default())),
            store: Store::default(),
            makers: Makers {
                seed: Seed::new(random(), random()),
                keys: BackendKeys::default(),
                endpoints: Endpoints::default(),
                patterns: Patterns::default(),
                slots,
                zones: ZoneSeed::default(),
                lists: Lists::default(),
                authorities: Authorities::default(),
            },
            last_good,
            clock,
            pending: None,
            offered: DigestMap::default(),
        }
    }

    /// Where workers get their snapshots from.
    pub fn publication(&self) -> &Arc<Publication> {
        &self.publication
    }

    /// The root that is being served.
    pub fn digest(&self) -> Option<Digest> {
        self.publication.current().root()
    }

    /// Which telemetry slot belongs to which route.
    pub fn slots(&self) -> &SlotRows {
        self.makers.slots.rows()
    }

    /// Offer a root and segments. If all that it needs is there, it is served when this returns; else it says what is
    /// wanted, and keeps what there is until the next offer, which is for the same root or starts over.
    pub fn offer(&mut self, root: Digest, segments: Vec<Vec<u8>>) -> Result<Outcome, Refusal> {
        self.take(root, segments, true)
    }

    /// Serve the last good configuration. None if there is none yet.
    pub fn restore(&mut self) -> Result<Option<Outcome>, String> {
        let Some(last_good) = &mut self.last_good else { return Ok(None) };
        let Some(pack) = last_good.load()? else { return Ok(None) };
        let mut problem = "the last good configuration holds nothing that is complete".to_owned();
        for root in pack.commits.iter().rev().take(COMMITS_TRIED) {
            match self.restore_root(*root, &pack) {
                Ok(Some(outcome)) => {
                    if let Some(last_good) = &mut self.last_good {
                        last_good.go_on(&pack);
                    }
                    return Ok(Some(outcome));
                }
                Ok(None) => {}
                Err(refusal) => problem = format!("the last good configuration is not taken: {refusal}"),
            }
        }
        self.forget();
        Err(problem)
    }

    /// None if the tree is not complete.
    fn restore_root(&mut self, root: Digest, pack: &Pack) -> Result<Option<Outcome>, Refusal> {
        let mut wanted = vec![root];
        loop {
            let found: Option<Vec<Vec<u8>>> =
                wanted.iter().map(|digest| pack.segment(digest).map(<[u8]>::to_vec)).collect();
            let Some(found) = found else { return Ok(None) };
            let outcome = self.take(root, found, false)?;
            if outcome.accepted {
                return Ok(Some(outcome));
            }
            wanted = outcome.wanted;
        }
    }

    fn take(&mut self, root: Digest, segments: Vec<Vec<u8>>, write: bool) -> Result<Outcome, Refusal> {
        let start = self.clock.micros();
        if self.pending != Some(root) {
            self.forget();
            self.pending = Some(root);
        }
        let outcome = self.accept(root, segments).and_then(|()| self.build(root));
        let (built, build_us) = match outcome {
            Ok(Some(built)) => (built, self.clock.micros() - start),
            Ok(None) => {
                let wanted = missing(root, &Shelf(&self.store, &self.offered));
                let build_us = self.clock.micros() - start;
                return Ok(Outcome {
                    accepted: false,
                    wanted,
                    root,
                    built: 0,
                    reused: 0,
                    build_us,
                    swap_us: 0,
                    problem: None,
                });
            }
            Err(refusal) => {
                self.forget();
                return Err(refusal);
            }
        };
        let Built { snapshot, fresh, reused } = built;
        let swap = self.clock.micros();
        self.publication.publish(snapshot);
        let swap_us = self.clock.micros() - swap;
        let new: Vec<Digest> = fresh.keys().copied().collect();
        self.store.commit(root, fresh);
        let problem = if write { self.write(root, &new).err() } else { None };
        self.forget();
        let built = new.len();
        Ok(Outcome { accepted: true, wanted: Vec::new(), root, built, reused, build_us, swap_us, problem })
    }

    /// Decode and keep what is offered.
    fn accept(&mut self, root: Digest, segments: Vec<Vec<u8>>) -> Result<(), Refusal> {
        let mut held: usize = self.offered.values().map(|offered| offered.bytes.len()).sum();
        for bytes in segments {
            held += bytes.len();
            if held > OFFERED_BYTES {
                let reason = format!("its segments are more than {OFFERED_BYTES} bytes");
                return Err(Refusal::new(root, "root", "", reason));
            }
            let (digest, segment) = decode(&bytes)?;
            if !self.store.contains(&digest) {
                self.offered.insert(digest, Offered { segment: Some(segment), bytes });
            }
        }
        Ok(())
    }

    /// None if something is missing.
    fn build(&mut self, root: Digest) -> Result<Option<Built>, Refusal> {
        if !missing(root, &Shelf(&self.store, &self.offered)).is_empty() {
            return Ok(None);
        }
        let previous = self.publication.current();
        let build = Build {
            offered: &mut self.offered,
            store: &self.store,
            previous: &previous,
            makers: &mut self.makers,
            fresh: DigestMap::default(),
            reused: 0,
        };
        build.run(root).map(Some)
    }

    fn write(&mut self, root: Digest, new: &[Digest]) -> Result<(), String> {
        let Some(last_good) = &mut self.last_good else { return Ok(()) };
        let segments = new.iter().filter_map(|digest| Some((*digest, self.offered.remove(digest)?.bytes)));
        let store = &self.store;
        last_good.commit(root, segments, |digest| store.contains(digest), store.bytes())
    }

    fn forget(&mut self) {
        self.pending = None;
        self.offered = DigestMap::default();
    }
}
