//! Password hashes as `htpasswd` and `openssl passwd` write them: bcrypt, SHA-crypt, apr1 and `{SHA}`.
//!
//! Everything else (DES crypt, plain text) matches no password: it would be a lock that anybody can open.

use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest, hash};
use openssl::memcmp;
use sha_crypt::{PasswordVerifier as _, ShaCrypt};

/// The highest cost of bcrypt that is worked through: one such check takes about four seconds.
const BCRYPT_COST: u32 = 16;
/// The most rounds of SHA-crypt that are worked through: about a second.
const SHA_ROUNDS: u32 = 1_000_000;
/// Passwords beyond this are nobody's, and hashing them would take work.
const PASSWORD_BYTES: usize = 1_024;

/// Is this the password of that hash? May take seconds of processor time.
pub fn verify(hash: &str, password: &[u8]) -> bool {
    if password.len() > PASSWORD_BYTES {
        return false;
    }
    match kind(hash) {
        Some(Kind::Bcrypt) => bcrypt::verify(password, hash).unwrap_or(false),
        Some(Kind::ShaCrypt) => ShaCrypt::default().verify_password(password, hash).is_ok(),
        Some(Kind::Md5 { magic, salt, digest }) => {
            md5_crypt(magic, salt, password).is_ok_and(|found| same(found.as_bytes(), digest))
        }
        Some(Kind::Sha1(digest)) => sha1(password).is_ok_and(|found| same(found.as_bytes(), digest)),
        None => false,
    }
}

/// Can this hash match a password at all?
pub fn is_supported(hash: &str) -> bool {
    kind(hash).is_some()
}

enum Kind<'h> {
    Bcrypt,
    ShaCrypt,
    Md5 { magic: &'h [u8], salt: &'h [u8], digest: &'h [u8] },
    Sha1(&'h [u8]),
}

fn kind(hash: &str) -> Option<Kind<'_>> {
    if let Some(digest) = hash.strip_prefix("{SHA}") {
        return Some(Kind::Sha1(digest.as_bytes()));
    }
    let mut parts = hash.strip_prefix('$')?.split('$');
    match parts.next()? {
        "2a" | "2b" | "2y" | "2x" => {
            let cost: u32 = parts.next()?.parse().ok()?;
            (4..=BCRYPT_COST).contains(&cost).then_some(Kind::Bcrypt)
        }
        "5" | "6" => {
            let rounds = parts.next()?.strip_prefix("rounds=").map_or(Ok(0), str::parse::<u32>).ok()?;
            (rounds <= SHA_ROUNDS).then_some(Kind::ShaCrypt)
        }
        name @ ("apr1" | "1") => {
            let magic: &[u8] = if name == "1" { b"$1$" } else { b"$apr1$" };
            let (salt, digest) = (parts.next()?.as_bytes(), parts.next()?.as_bytes());
            parts.next().is_none().then_some(Kind::Md5 { magic, salt, digest })
        }
        _ => None,
    }
}

fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && memcmp::eq(one, other)
}

fn sha1(password: &[u8]) -> Result<String, ErrorStack> {
    Ok(openssl::base64::encode_block(&hash(MessageDigest::sha1(), password)?))
}

/// The MD5-based hash of old Unix systems, and Apache's variant of it, which differs in its magic word only.
fn md5_crypt(magic: &[u8], salt: &[u8], password: &[u8]) -> Result<String, ErrorStack> {
    const ROUNDS: usize = 1_000;
    let salt = salt.get(..8).unwrap_or(salt);
    let digest = |parts: &[&[u8]]| -> Result<Vec<u8>, ErrorStack> {
        let mut hasher = Hasher::new(MessageDigest::md5())?;
        parts.iter().try_for_each(|part| hasher.update(part))?;
        Ok(hasher.finish()?.to_vec())
    };
    let inner = digest(&[password, salt, password])?;
    let mut start = [password, magic, salt].concat();
    start.extend(inner.iter().cycle().take(password.len()));
    // One byte for each bit of the length: a zero for a one, and the password's first byte for a zero.
    let mut length = password.len();
    while length > 0 {
        start.push(if length & 1 == 1 { 0 } else { password.first().copied().unwrap_or(0) });
        length >>= 1;
    }
    let mut state = digest(&[&start])?;
    for round in 0..ROUNDS {
        let odd = round % 2 == 1;
        let mut parts: Vec<&[u8]> = vec![if odd { password } else { &state }];
        if round % 3 != 0 {
            parts.push(salt);
        }
        if round % 7 != 0 {
            parts.push(password);
        }
        parts.push(if odd { &state } else { password });
        state = digest(&parts)?;
    }
    Ok(in_letters(&state))
}

/// The sixteen bytes in the order and the alphabet of crypt.
fn in_letters(state: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const GROUPS: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];
    let byte = |place: usize| u32::from(state.get(place).copied().unwrap_or(0));
    let mut text = String::with_capacity(22);
    let mut write = |mut bits: u32, count: usize| {
        for _ in 0..count {
            text.push(char::from(LETTERS.get((bits & 63) as usize).copied().unwrap_or(b'.')));
            bits >>= 6;
        }
    };
    for [high, middle, low] in GROUPS {
        write(byte(high) << 16 | byte(middle) << 8 | byte(low), 4);
    }
    write(byte(11), 2);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made by `openssl passwd` and `htpasswd`.
    const HASHES: &[(&str, &str)] = &[
        ("secret", "$apr1$r31....$gnsoqlxyxQQ0Ot5JCwiei."),
        ("secret", "$1$abc$iCQ2D3nhptRYi27fDYv2s1"),
        ("secret", "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA"),
        (
            "secret",
            "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
        ),
        ("a much longer password than sixteen bytes", "$apr1$r31.....$C4udfKBIZ0gl57ECzUX.w/"),
        ("secret", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="),
        ("secret", "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
    ];

    #[test]
    fn each_kind_knows_its_password() {
        for (password, hash) in HASHES {
            assert!(is_supported(hash), "{hash}");
            assert!(verify(hash, password.as_bytes()), "{hash}");
            assert!(!verify(hash, format!("{password}x").as_bytes()), "{hash}");
            assert!(!verify(hash, b""), "{hash}");
        }
    }

    #[test]
    fn what_is_no_hash_matches_nothing() {
        let costly = "$2y$31$abcdefghijklmnopqrstuuXvzVvQ6c3v3LwFdIzUj7dJ5S0mT6O8K";
        for hash in ["", "secret", "{PLAIN}secret", "rqXexS6ZhobKA", "$1$", "$9$a$b", "$6$rounds=99999999$a$b", costly]
        {
            assert!(!verify(hash, b"secret") && !verify(hash, b""), "{hash}");
        }
    }
}
