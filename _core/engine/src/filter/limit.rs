//! How often, and how much at a time, one client address may ask.
//!
//! The measure is nginx's leaky bucket: each request fills it by one, time empties it at the rate that is allowed, and
//! what would make it overflow is refused at once. Buckets are shared by all workers, and outlive every snapshot.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sallygate_image as image;

use super::access::Networks;
use super::asked::Asked;
use super::text::Text;

/// Buckets that are kept, of all zones together. Each takes about a hundred bytes. With more clients at a time than
/// that, those that have been quiet are forgotten first.
const BUCKETS: usize = 1 << 18;
/// Each part has a lock of its own, so that workers seldom wait for each other.
const PARTS: usize = 64;
/// Buckets of a full part that are looked at to find one to forget.
const LOOKED_AT: usize = 16;
/// Buckets are filled in thousandths of a request.
const ONE: u64 = 1_000;

/// A limit per time: so many requests in so many milliseconds, and so many more at once.
#[derive(Clone, Copy, Debug)]
struct Rate {
    requests: u64,
    period_ms: u64,
    burst: u64,
}

/// The limits of one zone.
pub struct Limits {
    zone: u64,
    rates: [Option<Rate>; 2],
    connections: u32,
    exempt: Networks,
    by: Option<Text>,
    rate_status: u16,
    connections_status: u16,
}

impl Limits {
    /// Read the limits. `seed` tells zones apart; all limits of an engine have the same.
    pub fn new(limits: &image::Limits, seed: &Seed) -> Result<Self, String> {
        let rate = |requests: u32, period_ms: u64| {
            (requests > 0).then(|| Rate {
                requests: u64::from(requests),
                period_ms,
                burst: u64::from(requests) * u64::from(limits.burst),
            })
        };
        Ok(Self {
            zone: seed.zone(&limits.zone),
            rates: [rate(limits.per_second, 1_000), rate(limits.per_minute, 60_000)],
            connections: limits.connections,
            exempt: Networks::new(&limits.exempt)?,
            by: Text::new(&limits.by)?,
            rate_status: limits.rate_status,
            connections_status: limits.connections_status,
        })
    }

    /// What a request is counted by, if not by its client's address.
    pub fn by(&self, asked: &Asked<'_>) -> Option<Vec<u8>> {
        let text = self.by.as_ref()?;
        let mut found = Vec::new();
        text.expand(asked, &mut found);
        Some(found)
    }
}

/// How much is in a bucket, and when it was looked at last.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    excess: u64,
    at_ms: u64,
}

impl Level {
    /// The level after one more request; None if it would overflow.
    fn after(self, rate: Rate, fresh: bool, now_ms: u64) -> Option<Self> {
        if fresh {
            return Some(Self { excess: 0, at_ms: now_ms });
        }
        let gone = now_ms.saturating_sub(self.at_ms).saturating_mul(rate.requests).saturating_mul(ONE) / rate.period_ms;
        let excess = (self.excess + ONE).saturating_sub(gone);
        (excess <= rate.burst * ONE).then_some(Self { excess, at_ms: now_ms.max(self.at_ms) })
    }
}

/// Whom a request is counted for. A text may be long, so it is known by two hashes of its own seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Peer(IpAddr),
    Text(u64, u64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    levels: [Level; 2],
    under_way: u32,
    seen: bool,
}

type Key = (u64, Who);
type Part = HashMap<Key, Bucket, foldhash::fast::RandomState>;

/// Gives each zone a number.
#[derive(Clone, Debug, Default)]
pub struct Seed(foldhash::fast::RandomState);

impl Seed {
    fn zone(&self, name: &str) -> u64 {
        use std::hash::BuildHasher as _;
        self.0.hash_one(name)
    }
}

/// All buckets of an engine.
pub struct Buckets {
    parts: [Mutex<Part>; PARTS],
    capacity: usize,
    hasher: foldhash::fast::RandomState,
}

impl Default for Buckets {
    fn default() -> Self {
        Self::with_capacity(BUCKETS)
    }
}

/// A request that counts as being under way until this is dropped.
pub struct UnderWay {
    buckets: Arc<Buckets>,
    key: Key,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut part = self.buckets.part(&self.key);
        if let Some(bucket) = part.get_mut(&self.key) {
            bucket.under_way = bucket.under_way.saturating_sub(1);
        }
    }
}

impl Buckets {
    fn with_capacity(buckets: usize) -> Self {
        Self {
            parts: std::array::from_fn(|_| Mutex::default()),
            capacity: (buckets / PARTS).max(1),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    fn who(&self, peer: IpAddr, by: Option<&[u8]>) -> Who {
        use std::hash::BuildHasher as _;
        let hash = |number: u8, text: &[u8]| self.hasher.hash_one((number, text));
        by.map_or(Who::Peer(peer), |text| Who::Text(hash(0, text), hash(1, text)))
    }

    fn part(&self, key: &Key) -> MutexGuard<'_, Part> {
        use std::hash::BuildHasher as _;
        let number = usize::try_from(self.hasher.hash_one(key) >> 32).unwrap_or(0) % PARTS;
        let [first, ..] = &self.parts;
        self.parts.get(number).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, or says with which status it is refused. What is refused by one limit fills no other. `by` is
    /// what it is counted by in place of its client's address; with an empty one it is not counted, as in nginx.
    /// `now_ms` counts from any moment that is the same for all workers.
    pub fn ask(
        self: &Arc<Self>,
        limits: &Limits,
        peer: IpAddr,
        by: Option<&[u8]>,
        now_ms: u64,
    ) -> Result<Option<UnderWay>, u16> {
        if by.is_some_and(<[u8]>::is_empty) || limits.exempt.contain(peer) {
            return Ok(None);
        }
        let key = (limits.zone, self.who(peer, by));
        let mut part = self.part(&key);
        let bucket = part.get(&key).copied().unwrap_or_default();
        let mut filled = bucket;
        for (level, rate) in filled.levels.iter_mut().zip(limits.rates) {
            if let Some(rate) = rate {
                *level = level.after(rate, !bucket.seen, now_ms).ok_or(limits.rate_status)?;
            }
        }
        filled.seen = true;
        let counts = limits.connections > 0;
        // A request too many at a time was asked all the same.
        let full = counts && bucket.under_way >= limits.connections;
        filled.under_way += u32::from(counts && !full);
        if !part.contains_key(&key) && part.len() >= self.capacity {
            forget(&mut part);
        }
        part.insert(key, filled);
        drop(part);
        if full {
            return Err(limits.connections_status);
        }
        Ok(counts.then(|| UnderWay { buckets: Arc::clone(self), key }))
    }
}

/// Makes room for one more: of a few buckets with nothing under way, the one that was asked longest ago goes.
fn forget(part: &mut Part) {
    let idle = part.iter().filter(|(_, bucket)| bucket.under_way == 0).take(LOOKED_AT);
    let oldest = idle.min_by_key(|(_, bucket)| bucket.levels.iter().map(|level| level.at_ms).max());
    if let Some(key) = oldest.map(|(key, _)| *key) {
        part.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_second: u32, per_minute: u32, burst: u32, connections: u32) -> Limits {
        let asked = image::Limits {
            zone: "n/i".into(),
            per_second,
            per_minute,
            burst,
            connections,
            exempt: vec!["10.9.0.0/16".into()],
            by: String::new(),
            rate_status: 503,
            connections_status: 429,
        };
        Limits::new(&asked, &Seed::default()).unwrap()
    }

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn passed(buckets: &Arc<Buckets>, limits: &Limits, times: usize, now_ms: u64) -> usize {
        (0..times).filter(|_| buckets.ask(limits, peer("10.0.0.1"), None, now_ms).is_ok()).count()
    }

    #[test]
    fn the_burst_passes_at_once_and_then_the_rate() {
        let (buckets, limits) = (Arc::new(Buckets::default()), limits(1, 0, 5, 0));
        assert_eq!(passed(&buckets, &limits, 20, 0), 6, "the first, and a burst of five");
        assert_eq!(passed(&buckets, &limits, 20, 500), 0);
        assert_eq!(passed(&buckets, &limits, 20, 1_000), 1);
        assert_eq!(passed(&buckets, &limits, 20, 3_000), 2);
        assert_eq!(passed(&buckets, &limits, 20, 60_000), 6, "the bucket has run empty, and this one is not the first");
    }

    #[test]
    fn both_rates_hold_and_addresses_are_apart() {
        let (buckets, limits) = (Arc::new(Buckets::default()), limits(100, 10, 1, 0));
        assert_eq!(passed(&buckets, &limits, 100, 0), 11);
        assert!(buckets.ask(&limits, peer("10.0.0.2"), None, 0).is_ok());
        assert!((0..1_000).all(|_| buckets.ask(&limits, peer("10.9.1.1"), None, 0).is_ok()), "exempt");
    }

    #[test]
    fn requests_are_counted_by_a_text_where_there_is_one() {
        let (buckets, limits) = (Arc::new(Buckets::default()), limits(1, 0, 1, 0));
        let ask = |address, by: &str| buckets.ask(&limits, peer(address), Some(by.as_bytes()), 0).is_ok();
        assert_eq!(["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|address| ask(address, "one")), [true, true, false]);
        assert!(ask("10.0.0.3", "two"), "another text is counted by itself");
        assert_eq!(passed(&buckets, &limits, 3, 0), 2, "and so is an address");
        assert!((0..9).all(|_| ask("10.0.0.1", "")), "an empty text is not counted");
    }

    #[test]
    fn so_many_at_a_time() {
        let (buckets, limits) = (Arc::new(Buckets::default()), limits(0, 0, 5, 2));
        let ask = || buckets.ask(&limits, peer("10.0.0.1"), None, 0);
        let (one, two) = (ask().unwrap(), ask().unwrap());
        assert_eq!(ask().err(), Some(429));
        drop(one);
        let three = ask().unwrap();
        assert!(three.is_some());
        assert_eq!(ask().err(), Some(429));
        drop((two, three));
        assert!(ask().is_ok());
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let buckets = Arc::new(Buckets::with_capacity(1_024));
        let limits = limits(1, 0, 1, 1);
        let first = buckets.ask(&limits, peer("10.0.0.1"), None, 0).unwrap();
        for number in 0..10_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(0xac10_0000 | number).into();
            drop(buckets.ask(&limits, address, None, u64::from(number)));
        }
        let kept: usize = buckets.parts.iter().map(|part| part.lock().unwrap().len()).sum();
        assert!(kept <= 1_024, "{kept}");
        assert_eq!(buckets.ask(&limits, peer("10.0.0.1"), None, 100_000).err(), Some(429), "what is under way is kept");
        drop(first);
    }
}
