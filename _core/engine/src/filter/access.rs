//! Which client addresses are served.

use std::net::IpAddr;

use sallygate_image::{self as image, Network};

/// Lists of networks, looked at one after the other: nobody writes long ones.
pub struct Access {
    allow: Networks,
    deny: Networks,
}

/// Some networks.
pub struct Networks(Box<[Network]>);

impl Networks {
    /// Read them.
    pub fn new(texts: &[String]) -> Result<Self, String> {
        texts.iter().cloned().map(Network::try_from).collect::<Result<_, _>>().map(Self)
    }

    /// Is this address in one of them?
    pub fn contain(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(peer))
    }
}

/// What the lists say of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is on the list of those that are served.
    Allowed,
    /// It is not to be served.
    Denied,
    /// Nothing.
    Silent,
}

impl Access {
    /// Read the lists.
    pub fn new(access: &image::Access) -> Result<Self, String> {
        Ok(Self { allow: Networks::new(&access.allow)?, deny: Networks::new(&access.deny)? })
    }

    /// What they say: the second list counts before the first.
    pub fn of(&self, peer: IpAddr) -> Word {
        if self.deny.contain(peer) {
            Word::Denied
        } else if self.allow.0.is_empty() {
            Word::Silent
        } else if self.allow.contain(peer) {
            Word::Allowed
        } else {
            Word::Denied
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(allow: &[&str], deny: &[&str], peer: &str) -> Word {
        let list = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let access = Access::new(&image::Access { allow: list(allow), deny: list(deny) }).unwrap();
        access.of(peer.parse().unwrap())
    }

    #[test]
    fn denied_comes_first_and_silence_is_consent() {
        assert_eq!(word(&[], &[], "10.0.0.1"), Word::Silent);
        assert_eq!(word(&["10.0.0.0/8"], &[], "10.0.0.1"), Word::Allowed);
        assert_eq!(word(&["10.0.0.0/8"], &[], "11.0.0.1"), Word::Denied);
        assert_eq!(word(&["10.0.0.0/8"], &["10.0.0.1/32"], "10.0.0.1"), Word::Denied);
        assert_eq!(word(&[], &["10.0.0.1/32"], "10.0.0.2"), Word::Silent);
        assert_eq!(word(&["0.0.0.0/0", "::/0"], &[], "2001:db8::1"), Word::Allowed);
    }
}
