//! Names and passwords (RFC 7617).
//!
//! Checking a password may take as long as a thousand requests, so it is done on a few threads of its own, and its
//! outcome is remembered for a while. Only what was right is remembered, by a digest that says nothing about it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use sallygate_image as image;
use tokio::sync::oneshot;

use super::hashes;

/// Threads that check passwords: enough to be used in parallel, few enough to leave the workers their processors.
const THREADS: usize = 2;
/// Passwords that wait to be checked. Who comes when there are more is told to come back.
const WAITING: usize = 64;
/// Pairs of name and password that are remembered.
const REMEMBERED: usize = 4_096;
/// How long they are.
const REMEMBERED_MS: u64 = 60_000;

/// Who may come in.
pub struct Password {
    realm: Box<str>,
    users: HashMap<Box<[u8]>, Arc<str>>,
    /// Checked for names that nobody has, so that they take as long as others.
    decoy: Option<Arc<str>>,
}

impl Password {
    /// Read lines of `name:hash`. A line that is none belongs to nobody.
    pub fn new(password: &image::Password) -> Self {
        let lines = password.users.expose().split(|byte| *byte == b'\n');
        let pairs = lines.filter_map(|line| {
            let (name, hash) = std::str::from_utf8(line.trim_ascii()).ok()?.split_once(':')?;
            // What follows another colon is a comment.
            let hash = hash.split(':').next().unwrap_or_default();
            let usable = !name.is_empty() && !name.starts_with('#') && hashes::is_supported(hash);
            usable.then(|| (name.as_bytes().into(), hash.into()))
        });
        let mut users: HashMap<Box<[u8]>, Arc<str>> = HashMap::new();
        for (name, hash) in pairs {
            // Of two lines for one name the first counts, as in nginx.
            users.entry(name).or_insert(hash);
        }
        let decoy = users.values().min().cloned();
        Self { realm: password.realm.as_str().into(), users, decoy }
    }

    /// The value of WWW-Authenticate.
    pub fn challenge(&self) -> Vec<u8> {
        format!("Basic realm=\"{}\"", self.realm).into_bytes()
    }

    /// What is to be checked, if the header holds a name and a password at all.
    pub fn claim(&self, authorization: Option<&[u8]>) -> Option<Claim> {
        let (scheme, rest) = authorization?.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return None;
        }
        let encoded = std::str::from_utf8(rest.trim_ascii()).ok()?;
        let decoded = openssl::base64::decode_block(encoded).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (name, password) = decoded.split_at(colon);
        let known = self.users.get(name).cloned();
        let exists = known.is_some();
        let hash = known.or_else(|| self.decoy.clone())?;
        Some(Claim { hash, password: password.get(1..).unwrap_or_default().to_vec(), exists })
    }
}

/// A password that somebody says is theirs. `hash` is of their name, which no other name has.
pub struct Claim {
    hash: Arc<str>,
    password: Vec<u8>,
    exists: bool,
}

impl Claim {
    /// Checks it on this thread, however long that takes: not for workers.
    pub fn check(&self) -> Checked {
        if self.verify() { Checked::Right } else { Checked::Wrong }
    }

    fn verify(&self) -> bool {
        hashes::verify(&self.hash, &self.password) && self.exists
    }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is theirs.
    Right,
    /// It is not.
    Wrong,
    /// Nobody had time to look.
    Busy,
}

struct Job {
    claim: Claim,
    answer: oneshot::Sender<bool>,
}

/// The threads that check passwords. They are started with the first one, and end with this.
#[derive(Default)]
pub struct Checkers(Mutex<Option<SyncSender<Job>>>);

impl Checkers {
    /// Checks a claim, without keeping the calling thread. If there is no room or no thread, it is not checked.
    pub async fn check(&self, claim: Claim) -> Checked {
        let (answer, answered) = oneshot::channel();
        if !self.submit(Job { claim, answer }) {
            return Checked::Busy;
        }
        match answered.await {
            Ok(true) => Checked::Right,
            Ok(false) => Checked::Wrong,
            Err(_) => Checked::Busy,
        }
    }

    fn submit(&self, job: Job) -> bool {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.is_none() {
            *queue = start();
        }
        queue.as_ref().is_some_and(|queue| queue.try_send(job).is_ok())
    }
}

fn start() -> Option<SyncSender<Job>> {
    let (sender, receiver) = sync_channel::<Job>(WAITING);
    let receiver = Arc::new(Mutex::new(receiver));
    let mut running = 0;
    for number in 0..THREADS {
        let receiver = Arc::clone(&receiver);
        let work = move || {
            loop {
                let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(Job { claim, answer }) = next else { return };
                // Whoever asked may have left meanwhile.
                if !answer.is_closed() {
                    let _ = answer.send(claim.verify());
                }
            }
        };
        running += usize::from(Builder::new().name(format!("passwords-{number}")).spawn(work).is_ok());
    }
    (running > 0).then_some(sender)
}

type Digest = [u8; 32];

/// What was found to be right lately.
pub struct Remembered {
    key: Option<PKey<openssl::pkey::Private>>,
    until: HashMap<Digest, u64>,
}

impl Remembered {
    /// Nothing yet. `secret` is new for each process.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { key: PKey::hmac(secret).ok(), until: HashMap::new() }
    }

    /// Is this claim known to be right?
    pub fn knows(&self, claim: &Claim, now_ms: u64) -> bool {
        claim.exists
            && self.digest(claim).and_then(|digest| self.until.get(&digest)).is_some_and(|until| now_ms < *until)
    }

    /// Remembers a claim that is right.
    pub fn add(&mut self, digest: Option<Digest>, now_ms: u64) {
        let Some(digest) = digest else { return };
        if self.until.len() >= REMEMBERED {
            self.until.retain(|_, until| now_ms < *until);
        }
        if self.until.len() >= REMEMBERED {
            self.until.clear();
        }
        self.until.insert(digest, now_ms + REMEMBERED_MS);
    }

    /// What a claim is remembered by: its hash and its password. A Secret that changes changes it, too.
    pub fn digest(&self, claim: &Claim) -> Option<Digest> {
        let mut signer = Signer::new(MessageDigest::sha256(), self.key.as_ref()?).ok()?;
        signer.update(claim.hash.as_bytes()).ok()?;
        // No hash holds a zero byte.
        signer.update(&[0]).ok()?;
        signer.update(&claim.password).ok()?;
        let mut digest = [0; 32];
        (signer.sign(&mut digest).ok()? == digest.len()).then_some(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &[u8] =
        b"# people\nann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\r\nbob:$1$abc$iCQ2D3nhptRYi27fDYv2s1:a comment\n\
        ann:{SHA}zzz\nplain:secret\n:x\nnobody\n";

    fn password() -> Password {
        Password::new(&image::Password { realm: "a realm".into(), users: image::Secret::new(USERS.to_vec()) })
    }

    fn claim(pair: &str) -> Option<Claim> {
        let header = format!("basic {}", openssl::base64::encode_block(pair.as_bytes()));
        password().claim(Some(header.as_bytes()))
    }

    #[test]
    fn names_have_their_passwords() {
        for (pair, right) in [
            ("ann:secret", true),
            ("bob:secret", true),
            ("ann:wrong", false),
            ("ann:", false),
            ("plain:secret", false),
            ("eve:secret", false),
            (":secret", false),
        ] {
            assert_eq!(claim(pair).is_some_and(|claim| claim.verify()), right, "{pair}");
        }
        assert!(claim("ann").is_none());
        assert!(password().claim(None).is_none());
        assert!(password().claim(Some(b"Bearer x")).is_none());
        assert!(password().claim(Some(b"Basic !")).is_none());
        assert_eq!(password().challenge(), b"Basic realm=\"a realm\"");
    }

    #[test]
    fn what_was_right_is_remembered_for_a_while() {
        let mut remembered = Remembered::new(&[7; 32]);
        let right = claim("ann:secret").unwrap();
        assert!(!remembered.knows(&right, 0));
        remembered.add(remembered.digest(&right), 0);
        assert!(remembered.knows(&right, 0));
        assert!(!remembered.knows(&claim("ann:wrong").unwrap(), 0));
        assert!(!remembered.knows(&claim("bob:secret").unwrap(), 0), "another hash");
        assert!(!remembered.knows(&right, REMEMBERED_MS));
        for number in 0..10_000_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_be_bytes());
            remembered.add(Some(digest), 0);
        }
        assert!(remembered.until.len() <= REMEMBERED);
    }

    #[test]
    fn nobody_is_let_in_by_a_file_without_users() {
        let nobody = Password::new(&image::Password { realm: String::new(), users: image::Secret::new(Vec::new()) });
        assert!(nobody.claim(Some(b"Basic YW5uOnNlY3JldA==")).is_none());
    }
}
