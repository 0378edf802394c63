//! The processor's hint that memory will be read soon. Reads nothing, and an address of nothing is no mistake.
//!
//! What is asked for at once comes at once. Read as it is used, one line is waited for after the other.
#![allow(unsafe_code)]

use std::ffi::c_void;

/// What a processor reads from memory at a time.
pub(crate) const LINE: usize = 64;

/// Fetch this many cache lines from this address on.
#[inline]
pub(crate) fn prefetch(start: *const c_void, lines: usize) {
    for line in 0..lines {
        fetch(start.wrapping_byte_add(line * LINE));
    }
}

/// Fetch all of a value, but not what it points to.
#[inline]
pub(crate) fn prefetch_value<T: ?Sized>(value: &T) {
    prefetch(std::ptr::from_ref(value).cast(), size_of_val(value).div_ceil(LINE));
}

#[inline]
fn fetch(address: *const c_void) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction belongs to every x86-64 processor, and never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    let _ = address;
}
