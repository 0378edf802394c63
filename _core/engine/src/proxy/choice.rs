//! The backend that a request goes to: its route's own, a canary, or the one that answers while there is no endpoint; and
//! which endpoint of it is preferred.

use sallygate_image::UpstreamTls;
use sallygate_wire::fault::Fault;

use crate::balance::{BackendIndex, BackendKey, Preference, endpoint_number, stable_hash};
use crate::fault::{Failure, Kind};
use crate::filter::{Affinity, Asked, Canary, Filters, Held, Names, backend_number, choose};
use crate::proxy::plan::Ground;
use crate::regex::GaveUp;
use crate::route::{Action, Others, Route};
use crate::snapshot::Snapshot;

/// A choice.
pub(super) struct Choice<'s> {
    pub(super) backend: BackendIndex,
    pub(super) tls: Option<&'s UpstreamTls>,
    pub(super) spare: bool,
    pub(super) preference: Preference,
    others: Option<&'s Others>,
}

impl<'s> Choice<'s> {
    /// The route's own backend. A route without one never gets as far as to be asked for it.
    #[inline]
    pub(super) fn of(route: &'s Route) -> Self {
        let (backend, tls, others) = match &route.action {
            Action::Forward { backend, tls, others } => (*backend, tls.as_ref(), others.as_deref()),
            _ => (BackendIndex::NONE, None, None),
        };
        Self { backend, tls, spare: false, preference: Preference::None, others }
    }

    /// Is there any other?
    #[inline]
    pub(super) fn has_others(&self) -> bool {
        self.others.is_some()
    }

    /// Chooses. A cookie that is to be set is appended to `added`.
    pub(super) fn make(
        &mut self,
        ground: &impl Ground,
        snapshot: &Snapshot,
        asked: &Asked<'_>,
        route: &'s Route,
        added: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let filters = route.filters.as_deref();
        let affinity = filters.and_then(|filters| filters.affinity.as_ref());
        let held = affinity.and_then(|affinity| affinity.held(asked));
        let stays = held.filter(|_| affinity.is_some_and(|affinity| affinity.sticky));
        let mut is_canary = false;
        if let Some(others) = self.others {
            let canary = match stays.map_or(Kept::Nowhere, |held| kept(held, route, &others.canaries)) {
                Kept::Own => None,
                Kept::Canary(canary) => Some(canary),
                Kept::Nowhere => choose(&others.canaries, asked, |below| ground.draw(below))
                    .map_err(|GaveUp| Failure::of(Kind::RegexLimit))?,
            };
            if let Some(canary) = canary {
                self.backend = canary.backend.index();
                self.tls = canary.tls.as_ref();
                is_canary = true;
            } else if let Some(spare) = &others.spare
                && snapshot.backend(self.backend).is_none_or(|backend| backend.endpoints.is_empty())
            {
                self.backend = spare.index();
                self.tls = None;
                self.spare = true;
                return Ok(());
            }
        }
        match affinity {
            Some(affinity) if affinity.sticky || !is_canary => {
                self.hold(ground, snapshot, asked, affinity, held, added).map_err(Failure::client)
            }
            _ => {
                self.preference = hashed(ground, filters, asked);
                Ok(())
            }
        }
    }

    /// Prefers the endpoint that the cookie names; a client without one gets it.
    fn hold(
        &mut self,
        ground: &impl Ground,
        snapshot: &Snapshot,
        asked: &Asked<'_>,
        affinity: &Affinity,
        held: Option<Held>,
        added: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let Some(backend) = snapshot.backend(self.backend).filter(|backend| !backend.endpoints.is_empty()) else {
            return Ok(());
        };
        let number = backend_number(backend.key.id());
        let is_there = |key: u64| backend.endpoints.iter().any(|one| endpoint_number(one.address()) == key);
        let sound = held.filter(|held| held.backend == number && (!affinity.persistent || is_there(held.key)));
        let held = if let Some(held) = sound {
            held
        } else {
            let random = u64::from(ground.draw(u32::MAX)) << 32 | u64::from(ground.draw(u32::MAX));
            let place = usize::try_from(random % backend.endpoints.len().max(1) as u64).unwrap_or(0);
            let endpoint = backend.endpoints.get(place).map_or(random, |one| endpoint_number(one.address()));
            let held = Held { key: if affinity.persistent { endpoint } else { random }, backend: number };
            affinity.write(held, asked.tls, asked.header(b"User-Agent"), added)?;
            held
        };
        self.preference = if affinity.persistent { Preference::Endpoint(held.key) } else { Preference::Key(held.key) };
        Ok(())
    }
}

/// Where a cookie keeps its client.
enum Kept<'s> {
    Own,
    Canary(&'s Canary),
    Nowhere,
}

fn kept<'s>(held: Held, route: &Route, canaries: &'s [Canary]) -> Kept<'s> {
    let is = |key: &BackendKey| backend_number(key.id()) == held.backend;
    if route.backend.as_ref().is_some_and(|own| is(own)) {
        return Kept::Own;
    }
    canaries.iter().find(|canary| is(&canary.backend)).map_or(Kept::Nowhere, Kept::Canary)
}

/// The preference of requests that agree in a text.
fn hashed(ground: &impl Ground, filters: Option<&Filters>, asked: &Asked<'_>) -> Preference {
    let Some(filters) = filters else { return Preference::None };
    let Some(text) = &filters.hash_by else { return Preference::None };
    let mut key = Vec::new();
    text.expand(asked, &mut key);
    match filters.hash_subset {
        0 => Preference::Key(stable_hash(&key)),
        size => Preference::Subset { key: stable_hash(&key), size, draw: ground.draw(u32::MAX) },
    }
}

/// Where a route was written, for texts with variables.
pub(crate) fn names(route: &Route) -> Names<'_> {
    let source = &route.origin.source;
    let backend = route.backend.as_ref().map(|key| key.id());
    Names {
        namespace: &source.namespace,
        object: &source.name,
        service: backend.map_or("", |id| &id.service),
        port: backend.map_or("", |id| &id.port),
    }
}
