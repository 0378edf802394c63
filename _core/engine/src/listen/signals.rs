//! Worker threads take no signals: they belong to Python's main thread.
#![allow(unsafe_code)]

/// Blocks every signal in the calling thread.
pub fn block_all() {
    // SAFETY: sigfillset writes only into `set`, which outlives both calls, and a zeroed set is a valid argument;
    // pthread_sigmask changes the calling thread alone. Neither can fail with these arguments.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
}
