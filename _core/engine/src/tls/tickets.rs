//! The keys of session tickets: one makes tickets for a period and opens them for one more, then nobody has it any more.
//!
//! Whoever takes a key from this process's memory can read what was said under it, and no more than that.

use std::sync::{PoisonError, RwLock};

use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;

use crate::clock::Stopwatch;

/// How long a key makes tickets. A ticket is good for less, so that none is made worthless by the change.
pub const PERIOD_MS: u64 = 12 * 60 * 60 * 1_000;

/// The bytes by which a ticket says what key it is under.
pub const NAME_BYTES: usize = 16;

/// A key.
#[derive(Clone, Copy)]
pub struct Key {
    /// What tickets under it begin with.
    pub name: [u8; NAME_BYTES],
    cipher: [u8; 32],
    mac: [u8; 32],
    /// How much is used of the two; 16 or 32 bytes.
    length: usize,
}

impl Key {
    fn fresh() -> Result<Self, ErrorStack> {
        let mut key = Self { name: [0; NAME_BYTES], cipher: [0; 32], mac: [0; 32], length: 32 };
        rand_bytes(&mut key.name)?;
        rand_bytes(&mut key.cipher)?;
        rand_bytes(&mut key.mac)?;
        Ok(key)
    }

    /// A key as nginx stores it: the name; then 32 bytes for the MAC and 32 for the cipher, or 16 for the cipher and 16
    /// for the MAC.
    fn stored(bytes: &[u8]) -> Option<Self> {
        let (name, rest) = bytes.split_first_chunk::<NAME_BYTES>()?;
        let length = rest.len() / 2;
        let (first, second) = rest.split_at(length);
        let (mac, cipher) = match length {
            32 => (first, second),
            16 => (second, first),
            _ => return None,
        };
        let mut key = Self { name: *name, cipher: [0; 32], mac: [0; 32], length };
        key.cipher.get_mut(..length)?.copy_from_slice(cipher);
        key.mac.get_mut(..length)?.copy_from_slice(mac);
        Some(key)
    }

    /// What tickets are encrypted by, 16 or 32 bytes.
    pub fn cipher(&self) -> &[u8] {
        self.cipher.get(..self.length).unwrap_or_default()
    }

    /// What tickets are authenticated by, 16 or 32 bytes.
    pub fn mac(&self) -> &[u8] {
        self.mac.get(..self.length).unwrap_or_default()
    }
}

struct Keys {
    current: Key,
    previous: Option<Key>,
    /// When `current` was made.
    since_ms: u64,
}

/// The keys of all workers.
pub struct TicketKeys {
    keys: RwLock<Keys>,
    change: bool,
    clock: Stopwatch,
}

impl TicketKeys {
    /// Keys of our own, which change.
    pub fn fresh() -> Result<Self, ErrorStack> {
        Ok(Self::of(Key::fresh()?, true))
    }

    /// A key that others have, too, and that stays. None if these are not 48 or 80 bytes.
    pub fn fixed(bytes: &[u8]) -> Option<Self> {
        Key::stored(bytes).map(|key| Self::of(key, false))
    }

    fn of(current: Key, change: bool) -> Self {
        let keys = RwLock::new(Keys { current, previous: None, since_ms: 0 });
        Self { keys, change, clock: Stopwatch::new() }
    }

    /// The key for a new ticket.
    pub fn current(&self) -> Result<Key, ErrorStack> {
        self.current_at(self.clock.micros() / 1_000)
    }

    fn current_at(&self, now_ms: u64) -> Result<Key, ErrorStack> {
        self.turn(now_ms)?;
        Ok(self.keys.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    /// The key of a ticket, and whether its owner should get another ticket.
    pub fn find(&self, name: &[u8; NAME_BYTES]) -> Result<Option<(Key, bool)>, ErrorStack> {
        self.find_at(name, self.clock.micros() / 1_000)
    }

    fn find_at(&self, name: &[u8; NAME_BYTES], now_ms: u64) -> Result<Option<(Key, bool)>, ErrorStack> {
        self.turn(now_ms)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if keys.current.name == *name {
            return Ok(Some((keys.current, false)));
        }
        Ok(keys.previous.filter(|key| key.name == *name).map(|key| (key, true)))
    }

    /// Makes a new key if it is time; whoever comes first does it.
    fn turn(&self, now_ms: u64) -> Result<(), ErrorStack> {
        let age = |keys: &Keys| now_ms.saturating_sub(keys.since_ms);
        if !self.change || age(&self.keys.read().unwrap_or_else(PoisonError::into_inner)) < PERIOD_MS {
            return Ok(());
        }
        let fresh = Key::fresh()?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let age = age(&keys);
        if age >= PERIOD_MS {
            // With nobody coming for two periods, the old one's time is over, too.
            let previous = (age < 2 * PERIOD_MS).then_some(keys.current);
            *keys = Keys { current: fresh, previous, since_ms: now_ms };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_makes_tickets_for_a_period_and_opens_them_for_one_more() {
        let keys = TicketKeys::fresh().unwrap();
        let first = keys.current_at(0).unwrap().name;
        assert_eq!(keys.current_at(PERIOD_MS - 1).unwrap().name, first);
        let second = keys.current_at(PERIOD_MS).unwrap().name;
        assert_ne!(second, first);
        let renews = |name, now| keys.find_at(name, now).unwrap().map(|(_, renews)| renews);
        assert_eq!(renews(&first, 2 * PERIOD_MS - 1), Some(true));
        assert_eq!(renews(&second, 2 * PERIOD_MS - 1), Some(false));
        assert_eq!(renews(&first, 2 * PERIOD_MS), None);
        assert_eq!(renews(&second, 2 * PERIOD_MS), Some(true));
        assert_eq!(renews(&second, 9 * PERIOD_MS), None);
        assert_eq!(renews(&[0; NAME_BYTES], 9 * PERIOD_MS), None);
    }

    #[test]
    fn a_stored_key_is_laid_out_as_in_nginx_and_stays() {
        let bytes: Vec<u8> = (0..80).collect();
        let key = TicketKeys::fixed(&bytes).unwrap().current_at(9 * PERIOD_MS).unwrap();
        assert_eq!((&key.name[..], key.mac(), key.cipher()), (&bytes[..16], &bytes[16..48], &bytes[48..]));
        let key = TicketKeys::fixed(&bytes[..48]).unwrap().current_at(0).unwrap();
        assert_eq!((&key.name[..], key.cipher(), key.mac()), (&bytes[..16], &bytes[16..32], &bytes[32..48]));
        assert!(TicketKeys::fixed(&bytes[..64]).is_none());
    }
}
