//! The choice of an endpoint, and what each worker remembers for it.

use std::sync::Arc;

use fastrand::Rng;
use sallygate_image::Balance;

use super::backend::{BackendIndex, BackendSnapshot};
use super::endpoint::{EndpointKey, EndpointRef};

/// How often a random choice is tried again when it hits an excluded endpoint, before all are looked at in turn.
const DRAWS: usize = 4;

/// One worker's memory. Workers do not share it, so nothing here is locked.
#[derive(Debug)]
pub struct WorkerState {
    random: Rng,
    /// By backend: how many turns there were, from a random start, so that workers do not march in step.
    turns: Vec<u32>,
}

impl WorkerState {
    /// A memory with nothing in it. Workers need different seeds.
    pub fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), turns: Vec::new() }
    }

    /// The turn that is next. It is only used up by the first try of a request: a second one that also moved on would
    /// keep in step with the endpoint that failed, and every request would meet it first.
    fn next_turn(&mut self, backend: BackendIndex, first_try: bool) -> usize {
        let place = backend.number();
        while self.turns.len() <= place {
            let start = self.random.u32(..);
            self.turns.push(start);
        }
        match self.turns.get_mut(place) {
            Some(turn) => {
                let this = *turn;
                *turn = turn.wrapping_add(u32::from(first_try));
                this as usize
            }
            None => 0,
        }
    }
}

/// An endpoint of the backend that is not excluded; None if there is no such endpoint.
pub fn pick<'a>(
    backend: &'a BackendSnapshot,
    state: &mut WorkerState,
    exclude: &[EndpointKey],
) -> Option<&'a EndpointRef> {
    let endpoints = &*backend.endpoints;
    match (endpoints, backend.balance) {
        ([], _) => None,
        ([only], _) => Some(only).filter(|endpoint| allowed(endpoint, exclude)),
        (_, Balance::RoundRobin) => {
            let turn = state.next_turn(backend.key.index(), exclude.is_empty());
            first(endpoints, turn % endpoints.len(), |endpoint| allowed(endpoint, exclude))
        }
        (_, Balance::LeastRequest) => {
            let one = draw(endpoints, &mut state.random, |endpoint| allowed(endpoint, exclude))?;
            let another = |endpoint: &EndpointRef| !Arc::ptr_eq(endpoint, one) && allowed(endpoint, exclude);
            let other = draw(endpoints, &mut state.random, another).unwrap_or(one);
            Some(if other.in_flight() < one.in_flight() { other } else { one })
        }
    }
}

/// Has the backend an endpoint that is neither `besides` nor excluded?
pub fn has_other(backend: &BackendSnapshot, besides: EndpointKey, exclude: &[EndpointKey]) -> bool {
    backend.endpoints.iter().any(|endpoint| endpoint.address() != besides && allowed(endpoint, exclude))
}

fn allowed(endpoint: &EndpointRef, exclude: &[EndpointKey]) -> bool {
    !exclude.contains(&endpoint.address())
}

/// The first endpoint that may be taken, from `start` on, around the end.
fn first(endpoints: &[EndpointRef], start: usize, may: impl Fn(&EndpointRef) -> bool) -> Option<&EndpointRef> {
    let from = endpoints.iter().skip(start);
    from.chain(endpoints.iter().take(start)).find(|endpoint| may(endpoint))
}

/// A random endpoint that may be taken.
fn draw<'a>(
    endpoints: &'a [EndpointRef],
    random: &mut Rng,
    may: impl Fn(&EndpointRef) -> bool,
) -> Option<&'a EndpointRef> {
    for _ in 0..DRAWS {
        let drawn = endpoints.get(random.usize(..endpoints.len()));
        if let Some(endpoint) = drawn.filter(|endpoint| may(endpoint)) {
            return Some(endpoint);
        }
    }
    first(endpoints, random.usize(..endpoints.len()), may)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::net::SocketAddr;

    use proptest::collection::hash_set;
    use proptest::prelude::*;
    use sallygate_image::{BackendId, Digest};

    use super::*;
    use crate::balance::{BackendKeys, Endpoint};

    fn address(number: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], number + 1))
    }

    fn backend(count: u16, balance: Balance) -> BackendSnapshot {
        let id = BackendId { namespace: "n".into(), service: "s".into(), port: "80".into() };
        BackendSnapshot {
            key: BackendKeys::default().key(&id),
            digest: Digest([0; 16]),
            endpoints: (0..count).map(|number| Arc::new(Endpoint::new(address(number)))).collect(),
            balance,
        }
    }

    fn balances() -> impl Strategy<Value = Balance> {
        prop_oneof![Just(Balance::RoundRobin), Just(Balance::LeastRequest)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_excluded_is_never_picked_and_anything_else_always_can_be(
            count in 0..12_u16,
            excluded in hash_set(0..14_u16, 0..14),
            balance in balances(),
            seed in any::<u64>(),
        ) {
            let backend = backend(count, balance);
            let exclude: Vec<_> = excluded.iter().copied().map(address).collect();
            let wanted: HashSet<_> =
                (0..count).filter(|number| !excluded.contains(number)).map(address).collect();
            let mut state = WorkerState::new(seed);
            let mut seen = HashSet::new();
            for _ in 0..400 {
                if !exclude.is_empty() {
                    // The first try, which used the turn up.
                    pick(&backend, &mut state, &[]);
                }
                match pick(&backend, &mut state, &exclude) {
                    Some(endpoint) => drop(seen.insert(endpoint.address())),
                    None => prop_assert!(wanted.is_empty()),
                }
            }
            prop_assert_eq!(seen, wanted);
        }

        #[test]
        fn turns_are_even(count in 1..20_u16, rounds in 1..20_u32, seed in any::<u64>()) {
            let backend = backend(count, Balance::RoundRobin);
            let mut state = WorkerState::new(seed);
            let mut seen: HashMap<_, u32> = HashMap::new();
            for _ in 0..u32::from(count) * rounds {
                *seen.entry(pick(&backend, &mut state, &[]).unwrap().address()).or_default() += 1;
            }
            // The count of turns wraps at 2^32, where one round may come out short.
            prop_assert!(seen.values().all(|times| times.abs_diff(rounds) <= 1), "{:?}", seen);
        }
    }

    #[test]
    fn only_every_other_request_meets_the_dead_one_of_two_first() {
        let backend = backend(2, Balance::RoundRobin);
        let (dead, mut state) = (address(0), WorkerState::new(5));
        let mut met = 0;
        for _ in 0..10 {
            if pick(&backend, &mut state, &[]).unwrap().address() == dead {
                met += 1;
                assert_eq!(pick(&backend, &mut state, &[dead]).unwrap().address(), address(1));
            }
        }
        assert_eq!(met, 5);
    }

    #[test]
    fn workers_start_at_different_places() {
        let backend = backend(64, Balance::RoundRobin);
        let starts: HashSet<_> =
            (0..64).map(|seed| pick(&backend, &mut WorkerState::new(seed), &[]).unwrap().address()).collect();
        assert!(starts.len() > 16, "{}", starts.len());
    }

    #[test]
    fn the_less_busy_of_two_is_taken() {
        let backend = backend(10, Balance::LeastRequest);
        let busy = &backend.endpoints[3];
        let _under_way: Vec<_> = (0..5).map(|_| busy.begin()).collect();
        let mut state = WorkerState::new(7);
        // Each draw is of two different endpoints, and any other one is idle.
        assert!((0..10_000).all(|_| pick(&backend, &mut state, &[]).unwrap().address() != busy.address()));
    }

    #[test]
    fn loads_stay_close_when_requests_stay() {
        let backend = backend(16, Balance::LeastRequest);
        let mut state = WorkerState::new(11);
        let _under_way: Vec<_> = (0..1_600).map(|_| pick(&backend, &mut state, &[]).unwrap().begin()).collect();
        let loads: Vec<u32> = backend.endpoints.iter().map(|endpoint| endpoint.in_flight()).collect();
        // One random choice would spread them by about 40; the better of two keeps them within a few.
        assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 8, "{loads:?}");
    }
}
