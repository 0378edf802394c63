//! A worker's idle upstream connections, last used first.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Context;

use hashbrown::HashMap;
use sallygate_image::UpstreamTls;

use crate::transport::stream::{Disturbance, Stream};
use crate::trust::Endpoint;

/// The most idle connections of a worker in all: a bound on descriptors however many endpoints there are.
pub const IDLE_IN_ALL: usize = 16_384;

/// How TLS is spoken to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Speech {
    /// As every route does that says no more.
    Usual(UpstreamTls),
    /// As the route's policy says.
    Own(Arc<Endpoint>),
}

/// What makes two connections interchangeable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The endpoint.
    pub address: SocketAddr,
    /// How TLS is spoken to it, if at all.
    pub tls: Option<Speech>,
}

/// A connection to an endpoint, and how long it has served.
pub struct Upstream {
    /// The connection.
    pub stream: Stream,
    opened_ms: u64,
    requests: u32,
}

impl Upstream {
    /// One that was just made.
    pub fn new(stream: Stream, now_ms: u64) -> Self {
        Self { stream, opened_ms: now_ms, requests: 0 }
    }

    /// Has it served before?
    pub fn is_used(&self) -> bool {
        self.requests > 0
    }
}

struct Idle {
    upstream: Upstream,
    until_ms: u64,
}

/// How long connections are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// How many in all.
    pub in_all: usize,
    /// How many for each target.
    pub per_target: usize,
    /// How long unused.
    pub idle_ms: u64,
    /// For how many requests.
    pub requests: u32,
    /// How long at all.
    pub age_ms: u64,
}

/// What became of a connection that was put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It waits for its next request.
    Kept,
    /// It was closed: enough others wait.
    Full,
    /// It was closed: it has served long enough.
    Worn,
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
    keep: Keep,
}

impl Pool {
    /// An empty pool.
    pub fn new(keep: Keep) -> Self {
        Self { idle: HashMap::default(), total: 0, keep }
    }

    /// Keeps connections otherwise from now on. Those that wait stay until they are used or too old.
    pub fn keep_as(&mut self, keep: Keep) {
        self.keep = keep;
    }

    /// Takes an undisturbed connection. `swept` counts those that had to be closed on the way.
    pub fn take(&mut self, target: &Target, cx: &mut Context<'_>, swept: &mut Swept) -> Option<Upstream> {
        let idle = self.idle.get_mut(target)?;
        while let Some(mut found) = idle.pop() {
            self.total -= 1;
            match found.upstream.stream.disturbance(cx) {
                None => return Some(found.upstream),
                Some(disturbance) => swept.count(disturbance),
            }
        }
        None
    }

    /// Keeps a connection whose exchange ended exactly, or closes it if it is beyond a limit.
    pub fn put(&mut self, target: &Target, upstream: Upstream, now_ms: u64) -> Put {
        self.put_for(self.keep, target, upstream, now_ms)
    }

    /// The same within other limits; that of its age and that of all connections hold all the same.
    pub fn put_for(&mut self, keep: Keep, target: &Target, mut upstream: Upstream, now_ms: u64) -> Put {
        upstream.requests += 1;
        let Keep { requests, per_target, idle_ms, .. } = keep;
        let Keep { age_ms, in_all, .. } = self.keep;
        if upstream.requests >= requests || now_ms.saturating_sub(upstream.opened_ms) >= age_ms {
            return Put::Worn;
        }
        if self.total >= in_all {
            return Put::Full;
        }
        let idle = match self.idle.get_mut(target) {
            Some(idle) => idle,
            None => self.idle.entry(target.clone()).or_default(),
        };
        if idle.len() >= per_target {
            return Put::Full;
        }
        idle.push(Idle { upstream, until_ms: now_ms.saturating_add(idle_ms) });
        self.total += 1;
        Put::Kept
    }

    /// Closes what is too old or disturbed.
    pub fn sweep(&mut self, now_ms: u64, cx: &mut Context<'_>) -> Swept {
        let mut swept = Swept::default();
        self.idle.retain(|_, idle| {
            idle.retain_mut(|one| {
                if one.until_ms < now_ms {
                    swept.expired += 1;
                    return false;
                }
                let disturbance = one.upstream.stream.disturbance(cx);
                let Some(disturbance) = disturbance else { return true };
                swept.count(disturbance);
                false
            });
            !idle.is_empty()
        });
        self.total = self.idle.values().map(Vec::len).sum();
        swept
    }

    /// The limits that hold where no others are asked for.
    pub fn keep(&self) -> Keep {
        self.keep
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
