//! Segments: whatever comes is taken or refused with a reason, and what is taken survives being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallygate_image::{Digest, children, decode, encode};

fuzz_target!(|bytes: &[u8]| {
    match decode(bytes) {
        Ok((digest, segment)) => {
            assert_eq!(digest, Digest::of(bytes));
            let written = encode(&segment).expect("what was read can be written");
            let (_, again) = decode(&written).expect("what was written can be read");
            assert_eq!(again, segment);
            assert_eq!(children(&again), children(&segment));
        }
        Err(refusal) => {
            assert_eq!(refusal.segment, Digest::of(bytes).hex());
            assert!(!refusal.reason.is_empty());
        }
    }
});
