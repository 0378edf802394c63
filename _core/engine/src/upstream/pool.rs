//! A worker's idle upstream connections, last used first.

use std::net::SocketAddr;
use std::task::Context;

use hashbrown::HashMap;
use sallygate_image::UpstreamTls;

use crate::transport::stream::{Disturbance, Stream};

/// Idle connections of a worker in all: a bound on descriptors however many endpoints there are.
const IDLE_IN_ALL: usize = 16_384;

/// What makes two connections interchangeable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The endpoint.
    pub address: SocketAddr,
    /// How TLS is spoken to it, if at all.
    pub tls: Option<UpstreamTls>,
}

struct Idle {
    stream: Stream,
    since_ms: u64,
}

/// How many idle connections had to be closed, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Closed by the upstream.
    pub closed: u64,
    /// The upstream sent bytes that nobody asked for.
    pub unsolicited: u64,
    /// Unused for too long.
    pub expired: u64,
}

impl Swept {
    /// How many in all.
    pub fn total(self) -> u64 {
        self.closed + self.unsolicited + self.expired
    }

    fn count(&mut self, disturbance: Disturbance) {
        match disturbance {
            Disturbance::Closed => self.closed += 1,
            Disturbance::Bytes => self.unsolicited += 1,
        }
    }
}

/// Idle connections by target.
pub struct Pool {
    idle: HashMap<Target, Vec<Idle>, foldhash::fast::RandomState>,
    total: usize,
    per_target: usize,
    idle_ms: u64,
}

impl Pool {
    /// An empty pool that keeps `per_target` connections for `idle_ms` each.
    pub fn new(per_target: usize, idle_ms: u64) -> Self {
        Self { idle: HashMap::default(), total: 0, per_target, idle_ms }
    }

    /// Takes an undisturbed connection. `swept` counts those that had to be closed on the way.
    pub fn take(&mut self, target: &Target, cx: &mut Context<'_>, swept: &mut Swept) -> Option<Stream> {
        let idle = self.idle.get_mut(target)?;
        while let Some(mut found) = idle.pop() {
            self.total -= 1;
            match found.stream.disturbance(cx) {
                None => return Some(found.stream),
                Some(disturbance) => swept.count(disturbance),
            }
        }
        None
    }

    /// Keeps a connection whose exchange ended exactly. Over the limits it is closed instead, and the answer is false.
    pub fn put(&mut self, target: &Target, stream: Stream, now_ms: u64) -> bool {
        if self.total >= IDLE_IN_ALL {
            return false;
        }
        let idle = match self.idle.get_mut(target) {
            Some(idle) => idle,
            None => self.idle.entry(target.clone()).or_default(),
        };
        if idle.len() >= self.per_target {
            return false;
        }
        idle.push(Idle { stream, since_ms: now_ms });
        self.total += 1;
        true
    }

    /// Closes what is too old or disturbed.
    pub fn sweep(&mut self, now_ms: u64, cx: &mut Context<'_>) -> Swept {
        let mut swept = Swept::default();
        let oldest = now_ms.saturating_sub(self.idle_ms);
        self.idle.retain(|_, idle| {
            idle.retain_mut(|one| {
                if one.since_ms < oldest {
                    swept.expired += 1;
                    return false;
                }
                let disturbance = one.stream.disturbance(cx);
                let Some(disturbance) = disturbance else { return true };
                swept.count(disturbance);
                false
            });
            !idle.is_empty()
        });
        self.total = self.idle.values().map(Vec::len).sum();
        swept
    }

    /// How many connections are idle.
    pub fn len(&self) -> usize {
        self.total
    }

    /// Is none idle?
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}
