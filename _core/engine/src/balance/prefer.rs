//! The choice of the same endpoint again: by a key, or by the endpoint itself.
//!
//! Of all endpoints the one wins whose number, mixed with the key, is the greatest. So when one comes or goes, only the
//! keys that it wins or has won move. That looks at every endpoint, which is cheap for the numbers that there are.

use std::net::{IpAddr, SocketAddr};

use super::backend::BackendSnapshot;
use super::endpoint::{EndpointKey, EndpointRef};

/// What is known of where a request should go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// Nothing: the backend's own way of choosing counts.
    #[default]
    None,
    /// Requests with the same key go to the same endpoint.
    Key(u64),
    /// To the endpoint with this number, for as long as it is there.
    Endpoint(u64),
    /// Requests with the same key go to the same few endpoints.
    Subset {
        /// What they have in common.
        key: u64,
        /// How many endpoints.
        size: u32,
        /// A random number, which chooses one of them.
        draw: u32,
    },
}

/// A hash that is the same in every process and release, since clients keep what is made of it.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mix(hash)
}

/// Spreads what differs in a few bits over all of them.
fn mix(mut bits: u64) -> u64 {
    bits ^= bits >> 30;
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^= bits >> 27;
    bits = bits.wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A number for an endpoint, the same in every process.
pub fn endpoint_number(address: SocketAddr) -> u64 {
    let port = u64::from(address.port());
    match address.ip() {
        IpAddr::V4(four) => mix(u64::from(four.to_bits()) << 16 | port),
        IpAddr::V6(six) => {
            let [high, low] = [six.to_bits() >> 64, six.to_bits() & u128::from(u64::MAX)];
            let half = |bits: u128| u64::try_from(bits).unwrap_or(0); // each fits
            mix(mix(half(high)) ^ half(low).rotate_left(16) ^ port)
        }
    }
}

/// The endpoint that is preferred and not excluded; None where nothing is preferred, or nobody is left.
pub fn prefer<'a>(
    backend: &'a BackendSnapshot,
    preference: Preference,
    exclude: &[EndpointKey],
) -> Option<&'a EndpointRef> {
    let key = match preference {
        Preference::None => return None,
        Preference::Subset { key, size, draw } => return one_of_few(backend, key, size, draw, exclude),
        Preference::Key(key) | Preference::Endpoint(key) => key,
    };
    let allowed = || backend.endpoints.iter().filter(|endpoint| !exclude.contains(&endpoint.address()));
    if let Preference::Endpoint(number) = preference
        && let Some(found) = allowed().find(|endpoint| endpoint_number(endpoint.address()) == number)
    {
        return Some(found);
    }
    allowed().max_by_key(|endpoint| mix(endpoint_number(endpoint.address()) ^ key))
}

/// One of the `size` endpoints that win the key. With all of them excluded nobody is preferred.
fn one_of_few<'a>(
    backend: &'a BackendSnapshot,
    key: u64,
    size: u32,
    draw: u32,
    exclude: &[EndpointKey],
) -> Option<&'a EndpointRef> {
    let score = |endpoint: &EndpointRef| mix(endpoint_number(endpoint.address()) ^ key);
    let mut ranked: Vec<_> = backend.endpoints.iter().map(|endpoint| (score(endpoint), endpoint)).collect();
    ranked.sort_unstable_by_key(|(score, _)| std::cmp::Reverse(*score));
    ranked.truncate(usize::try_from(size.max(1)).unwrap_or(usize::MAX));
    ranked.retain(|(_, endpoint)| !exclude.contains(&endpoint.address()));
    let place = usize::try_from(draw).unwrap_or(0).checked_rem(ranked.len())?;
    ranked.get(place).map(|(_, endpoint)| *endpoint)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sallygate_image::{BackendId, Balance, Digest};

    use super::*;
    use crate::balance::{BackendKeys, Endpoint};

    fn address(number: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], number))
    }

    fn backend(numbers: impl Iterator<Item = u16>) -> BackendSnapshot {
        let id = BackendId { namespace: "n".into(), service: "s".into(), port: "80".into() };
        BackendSnapshot {
            key: BackendKeys::default().key(&id),
            digest: Digest([0; 16]),
            endpoints: numbers.map(|number| Arc::new(Endpoint::new(address(number)))).collect(),
            balance: Balance::RoundRobin,
        }
    }

    fn picked(backend: &BackendSnapshot, preference: Preference) -> SocketAddr {
        prefer(backend, preference, &[]).unwrap().address()
    }

    #[test]
    fn keys_are_spread_and_few_move() {
        let (ten, eleven) = (backend(1..11), backend(1..12));
        let mut counts = [0_u32; 12];
        let mut moved = 0;
        for number in 0..10_000_u64 {
            let key = stable_hash(&number.to_be_bytes());
            let (before, after) = (picked(&ten, Preference::Key(key)), picked(&eleven, Preference::Key(key)));
            counts[usize::from(before.port())] += 1;
            if before != after {
                assert_eq!(after, address(11), "only to the new one");
                moved += 1;
            }
        }
        assert!(counts[1..11].iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
        assert!((700..1_100).contains(&moved), "about an eleventh: {moved}");
    }

    #[test]
    fn an_endpoint_is_kept_while_it_is_there() {
        let three = backend(1..4);
        for number in 1..4 {
            let preference = Preference::Endpoint(endpoint_number(address(number)));
            assert_eq!(picked(&three, preference), address(number));
            let another = prefer(&three, preference, &[address(number)]).unwrap();
            assert_ne!(another.address(), address(number));
        }
        assert!(prefer(&three, Preference::None, &[]).is_none());
        assert!(prefer(&backend(0..0), Preference::Key(1), &[]).is_none());
    }

    #[test]
    fn a_few_endpoints_share_what_has_one_key() {
        let ten = backend(1..11);
        let of = |key: u64, exclude: &[SocketAddr]| -> std::collections::BTreeSet<SocketAddr> {
            let draws = (0..100).filter_map(|draw| prefer(&ten, Preference::Subset { key, size: 3, draw }, exclude));
            draws.map(|endpoint| endpoint.address()).collect()
        };
        let three = of(1, &[]);
        assert_eq!(three.len(), 3);
        assert!(three.contains(&picked(&ten, Preference::Key(1))));
        assert!((2..20).any(|key| of(key, &[]) != three));
        let gone: Vec<SocketAddr> = three.iter().copied().take(2).collect();
        assert_eq!(of(1, &gone).len(), 1);
        assert!(of(1, &three.into_iter().collect::<Vec<_>>()).is_empty());
    }

    #[test]
    fn the_hashes_never_change() {
        assert_eq!(stable_hash(b""), 0xf52a_15e9_a9b5_e89b);
        assert_eq!(endpoint_number(address(80)), endpoint_number("10.0.0.1:80".parse().unwrap()));
        assert_ne!(endpoint_number("[::1]:80".parse().unwrap()), endpoint_number("[::2]:80".parse().unwrap()));
    }
}
