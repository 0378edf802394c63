//! The keys of session tickets: one makes tickets for a period and opens them for one more, then nobody has it any more.
//!
//! Whoever takes a key from this process's memory can read what was said under it, and no more than that.

use std::sync::{PoisonError, RwLock};

use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;

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

/// Milliseconds from some moment on.
pub type Now = dyn Fn() -> u64 + Send + Sync;

/// The keys of all workers.
pub struct TicketKeys {
    keys: RwLock<Keys>,
    /// None: they stay.
    now_ms: Option<Box<Now>>,
}

impl TicketKeys {
    /// Keys of our own, which change as time goes by.
    pub fn fresh(now_ms: Box<Now>) -> Result<Self, ErrorStack> {
        let keys = Keys { current: Key::fresh()?, previous: None, since_ms: now_ms() };
        Ok(Self { keys: RwLock::new(keys), now_ms: Some(now_ms) })
    }

    /// A key that others have, too, and that stays. None if these are not 48 or 80 bytes.
    pub fn fixed(bytes: &[u8]) -> Option<Self> {
        let keys = Keys { current: Key::stored(bytes)?, previous: None, since_ms: 0 };
        Some(Self { keys: RwLock::new(keys), now_ms: None })
    }

    /// The key for a new ticket.
    pub fn current(&self) -> Result<Key, ErrorStack> {
        self.turn()?;
        Ok(self.keys.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    /// The key of a ticket, and whether its owner should get another ticket.
    pub fn find(&self, name: &[u8; NAME_BYTES]) -> Result<Option<(Key, bool)>, ErrorStack> {
        self.turn()?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if keys.current.name == *name {
            return Ok(Some((keys.current, false)));
        }
        Ok(keys.previous.filter(|key| key.name == *name).map(|key| (key, true)))
    }

    /// Makes a new key if it is time; whoever comes first does it.
    fn turn(&self) -> Result<(), ErrorStack> {
        let Some(now_ms) = self.now_ms.as_ref().map(|now_ms| now_ms()) else { return Ok(()) };
        let age = |keys: &Keys| now_ms.saturating_sub(keys.since_ms);
        if age(&self.keys.read().unwrap_or_else(PoisonError::into_inner)) < PERIOD_MS {
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_key_makes_tickets_for_a_period_and_opens_them_for_one_more() {
        let now = Arc::new(AtomicU64::new(7));
        let clock = now.clone();
        let keys = TicketKeys::fresh(Box::new(move || clock.load(Ordering::Relaxed))).unwrap();
        let current = |at| {
            now.store(7 + at, Ordering::Relaxed);
            keys.current().unwrap().name
        };
        let renews = |name, at| {
            now.store(7 + at, Ordering::Relaxed);
            keys.find(name).unwrap().map(|(_, renews)| renews)
        };
        let first = current(0);
        assert_eq!(current(PERIOD_MS - 1), first);
        let second = current(PERIOD_MS);
        assert_ne!(second, first);
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
        let key = TicketKeys::fixed(&bytes).unwrap().current().unwrap();
        assert_eq!((&key.name[..], key.mac(), key.cipher()), (&bytes[..16], &bytes[16..48], &bytes[48..]));
        let key = TicketKeys::fixed(&bytes[..48]).unwrap().current().unwrap();
        assert_eq!((&key.name[..], key.cipher(), key.mac()), (&bytes[..16], &bytes[16..32], &bytes[32..48]));
        assert!(TicketKeys::fixed(&bytes[..64]).is_none());
    }
}
