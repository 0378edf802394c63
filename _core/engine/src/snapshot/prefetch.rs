//! The processor's hint that memory will be read soon. Reads nothing, and an address of nothing is no mistake.
#![allow(unsafe_code)]

use std::ffi::c_void;

/// Fetch the cache line at this address.
#[inline]
pub(super) fn prefetch(address: *const c_void) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction belongs to every x86-64 processor, and never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    let _ = address;
}
