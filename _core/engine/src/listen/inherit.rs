//! Listening sockets that were bound by whoever started us.
#![allow(unsafe_code)]

use std::io;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use socket2::Socket;

/// Takes a listening socket over. The descriptor belongs to the result from then on.
pub fn listener(fd: RawFd) -> io::Result<TcpListener> {
    // SAFETY: fcntl with F_GETFD reads nothing and writes nothing; it only says whether the number is open.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, and the settings that carry it hand its ownership to the engine.
    let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(fd) });
    if !socket.is_listener()? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("descriptor {fd} is no listening socket")));
    }
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
