//! Pipes of the kernel between two sockets: what goes through one is passed on by reference, and nobody copies it.
//!
//! Worth its two descriptors for bodies that flow in large pieces. Small ones are read and written: who reads knows from a
//! short read that the socket is drained, who goes through a pipe has to ask once more.

use std::cell::{Cell, RefCell};
use std::io::{self, PipeReader, PipeWriter};

use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, splice};
use tokio::net::TcpStream;

/// What a pipe holds at once, if the kernel lets this user have one of that size (`fs.pipe-max-size`,
/// `fs.pipe-user-pages-soft`). With its usual 64 KiB as much time goes into waking peers as into copying.
const PIPE_BYTES: usize = 512 * 1024;
/// The bodies of a worker that go through a pipe at the same time. Each has two descriptors, and pins what it holds:
/// 32 MiB in all. Others are copied, as every body once was.
const LENT: usize = 64;

/// One pipe, and how many bytes wait in it.
pub struct Conduit {
    out: PipeReader,
    into: PipeWriter,
    room: usize,
    held: usize,
}

impl Conduit {
    fn new() -> io::Result<Self> {
        let (out, into) = io::pipe()?;
        let room = fcntl_setpipe_size(&into, PIPE_BYTES).or_else(|_| fcntl_getpipe_size(&into))?;
        Ok(Self { out, into, room, held: 0 })
    }

    /// How many bytes wait in it.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Takes what `from` has received, into a pipe that is empty: so a call that would block tells of the socket alone.
    pub(super) fn take(&mut self, from: &TcpStream, most: usize) -> io::Result<usize> {
        let count = splice(from, None, &self.into, None, most.min(self.room), SpliceFlags::NONBLOCK)?;
        self.held += count;
        Ok(count)
    }

    /// Gives `to` as much as it takes of what waits.
    pub(super) fn give(&mut self, to: &TcpStream) -> io::Result<usize> {
        let count = splice(&self.out, None, to, None, self.held, SpliceFlags::NONBLOCK)?;
        self.held = self.held.saturating_sub(count);
        Ok(count)
    }
}

/// Is it the way, not the peer, that failed? Some sandboxes have no such call.
pub fn is_unsupported(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOSYS | Errno::PERM))
}

/// A worker's pipes.
pub struct Conduits {
    idle: RefCell<Vec<Conduit>>,
    /// How many more may be lent; None once they have turned out to be of no use here.
    left: Cell<Option<usize>>,
}

impl Default for Conduits {
    fn default() -> Self {
        Self { idle: RefCell::default(), left: Cell::new(Some(LENT)) }
    }
}

impl Conduits {
    /// An empty pipe; none where too many are in use, or the process has no descriptors left.
    pub fn lend(&self) -> Option<Conduit> {
        let left = self.left.get()?.checked_sub(1)?;
        let idle = self.idle.borrow_mut().pop();
        let conduit = idle.or_else(|| Conduit::new().ok())?;
        self.left.set(Some(left));
        Some(conduit)
    }

    /// Takes one back. What still waits in it is lost with it.
    pub fn put(&self, conduit: Conduit) {
        self.left.set(self.left.get().map(|left| left + 1));
        if conduit.held == 0 && self.left.get().is_some() {
            self.idle.borrow_mut().push(conduit);
        }
    }

    /// None from now on.
    pub fn give_up(&self) {
        self.left.set(None);
        self.idle.borrow_mut().clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream as Plain};

    use super::*;

    fn pair() -> (Plain, Plain) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = Plain::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    fn ours(stream: Plain) -> TcpStream {
        stream.set_nonblocking(true).unwrap();
        TcpStream::from_std(stream).unwrap()
    }

    /// Calls until the kernel has moved something.
    fn moved(mut call: impl FnMut() -> io::Result<usize>) -> usize {
        loop {
            match call() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
                done => return done.unwrap(),
            }
        }
    }

    #[test]
    fn what_goes_in_comes_out_and_the_pipe_is_used_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _inside = runtime.enter();
        let ((mut upstream, from), (to, mut client)) = (pair(), pair());
        let (from, to) = (ours(from), ours(to));
        let conduits = Conduits::default();
        for round in 0..3_u8 {
            let mut conduit = conduits.lend().unwrap();
            let sent: Vec<u8> = (0..40_000_u32).map(|at| (at % 251) as u8 ^ round).collect();
            upstream.write_all(&sent).unwrap();
            let (mut taken, mut got) = (0, vec![0; sent.len()]);
            while taken < sent.len() {
                taken += moved(|| conduit.take(&from, sent.len() - taken));
                while conduit.held() > 0 {
                    moved(|| conduit.give(&to));
                }
            }
            client.read_exact(&mut got).unwrap();
            assert!(got == sent, "round {round}");
            conduits.put(conduit);
            assert_eq!(conduits.idle.borrow().len(), 1, "round {round}");
        }
        drop(upstream);
        assert_eq!(moved(|| conduits.lend().unwrap().take(&from, 1)), 0, "the end is told");
    }

    #[test]
    fn so_many_are_lent_and_one_with_something_in_it_is_not_lent_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _inside = runtime.enter();
        let (mut upstream, from) = pair();
        let from = ours(from);
        upstream.write_all(b"left").unwrap();
        let conduits = Conduits::default();
        let mut lent: Vec<_> = std::iter::from_fn(|| conduits.lend()).collect();
        assert_eq!(lent.len(), LENT);
        let mut full = lent.pop().unwrap();
        moved(|| full.take(&from, 4));
        conduits.put(full);
        assert!(conduits.idle.borrow().is_empty());
        assert_eq!(conduits.lend().unwrap().held(), 0);
        conduits.give_up();
        conduits.put(lent.pop().unwrap());
        assert!(conduits.lend().is_none());
    }
}
