//! Our bindings to PCRE2: the one place that calls it. Compiled code is never written to once it is made; what a match
//! writes to belongs to its thread.
//!
//! There is no just-in-time compiler here, on purpose: it would need memory that is writable and executable.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::{NonNull, null_mut};

use pcre2_sys as sys;
use regex_automata::util::primitives::NonMaxUsize;

use super::limits::{COMPILED_BYTES, MATCH_DEPTH, MATCH_KIBIBYTES, MATCH_STEPS, NESTING};
use super::{GROUPS, GaveUp, Slots};

/// A compiled expression.
pub(super) struct Backtracking {
    code: NonNull<sys::pcre2_code_8>,
}

// SAFETY: compiled code is read only (pcre2api, "Multithreading"), and nothing of it belongs to a thread.
unsafe impl Send for Backtracking {}
// SAFETY: as above; what is written while matching lies in `Scratch`, of which each thread has its own.
unsafe impl Sync for Backtracking {}

impl Drop for Backtracking {
    fn drop(&mut self) {
        // SAFETY: it was made by `pcre2_compile`, and is freed once.
        unsafe { sys::pcre2_code_free_8(self.code.as_ptr()) };
    }
}

/// What one match after the other writes to.
struct Scratch {
    data: NonNull<sys::pcre2_match_data_8>,
    context: NonNull<sys::pcre2_match_context_8>,
}

impl Scratch {
    /// None if there is no memory.
    fn new() -> Option<Self> {
        // SAFETY: null asks for the default allocator, and what comes back is checked. A context that is made and then not
        // used, for want of the other one, is freed.
        unsafe {
            let data = NonNull::new(sys::pcre2_match_data_create_8(GROUPS_U32, null_mut()))?;
            let Some(context) = NonNull::new(sys::pcre2_match_context_create_8(null_mut())) else {
                sys::pcre2_match_data_free_8(data.as_ptr());
                return None;
            };
            sys::pcre2_set_match_limit_8(context.as_ptr(), MATCH_STEPS);
            sys::pcre2_set_depth_limit_8(context.as_ptr(), MATCH_DEPTH);
            sys::pcre2_set_heap_limit_8(context.as_ptr(), MATCH_KIBIBYTES);
            Some(Self { data, context })
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: both were made in `new`, and are freed once.
        unsafe {
            sys::pcre2_match_data_free_8(self.data.as_ptr());
            sys::pcre2_match_context_free_8(self.context.as_ptr());
        }
    }
}

const GROUPS_U32: u32 = 10;
const _: () = assert!(GROUPS_U32 as usize == GROUPS);

thread_local! {
    static SCRATCH: Option<Scratch> = Scratch::new();
}

impl Backtracking {
    /// Compile, or say what PCRE says.
    pub(super) fn new(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        let mut options = sys::PCRE2_NEVER_BACKSLASH_C;
        if ignore_case {
            options |= sys::PCRE2_CASELESS;
        }
        let (mut error, mut offset): (c_int, usize) = (0, 0);
        // SAFETY: the context is checked and freed; pattern and length belong together, and PCRE2 copies what it needs of
        // them; error and offset outlive the call.
        let code = unsafe {
            let context = sys::pcre2_compile_context_create_8(null_mut());
            if context.is_null() {
                return Err("there is no memory to compile it".into());
            }
            sys::pcre2_set_parens_nest_limit_8(context, NESTING);
            sys::pcre2_set_max_pattern_compiled_length_8(context, COMPILED_BYTES);
            let code = sys::pcre2_compile_8(
                pattern.as_ptr(),
                pattern.len(),
                options,
                &raw mut error,
                &raw mut offset,
                context,
            );
            sys::pcre2_compile_context_free_8(context);
            code
        };
        match NonNull::new(code) {
            Some(code) => Ok(Self { code }),
            None => Err(message(error)),
        }
    }

    /// Whether the text matches.
    pub(super) fn matches(&self, text: &[u8]) -> Result<bool, GaveUp> {
        self.run(text, |_| ())
    }

    /// Where the groups match, if the text does.
    pub(super) fn captures(&self, text: &[u8], slots: &mut Slots) -> Result<(), GaveUp> {
        self.run(text, |offsets| {
            // What took no part is the largest number, or behind what there is.
            *slots = Slots::default();
            for (slot, offset) in slots.iter_mut().zip(offsets) {
                *slot = NonMaxUsize::new(*offset);
            }
        })?;
        Ok(())
    }

    /// `found` gets the starts and ends of the groups of a match, up to the last that took part.
    fn run(&self, text: &[u8], found: impl FnOnce(&[usize])) -> Result<bool, GaveUp> {
        SCRATCH.with(|scratch| {
            let Some(scratch) = scratch else { return Err(GaveUp) };
            // SAFETY: the code is alive as long as `self`, text and length belong together, and data and context are this
            // thread's own: nothing in here comes back to this function.
            let result = unsafe {
                sys::pcre2_match_8(
                    self.code.as_ptr(),
                    text.as_ptr(),
                    text.len(),
                    0,
                    0,
                    scratch.data.as_ptr(),
                    scratch.context.as_ptr(),
                )
            };
            match result {
                sys::PCRE2_ERROR_NOMATCH => Ok(false),
                0.. => {
                    // One more than the last group that took part; zero says that more did than we asked for.
                    let pairs = match usize::try_from(result) {
                        Ok(0) | Err(_) => GROUPS,
                        Ok(pairs) => pairs.min(GROUPS),
                    };
                    // SAFETY: the vector has as many pairs as the data was made with, and a match sets as many as it says;
                    // nothing changes it before the slice is gone.
                    let offsets = unsafe {
                        let first = sys::pcre2_get_ovector_pointer_8(scratch.data.as_ptr());
                        std::slice::from_raw_parts(first, 2 * pairs)
                    };
                    found(offsets);
                    Ok(true)
                }
                // A limit, or an expression in UTF mode and a text that is not UTF-8: as in nginx, that is an error.
                _ => Err(GaveUp),
            }
        })
    }
}

fn message(error: c_int) -> String {
    let mut buffer = [0_u8; 256];
    // SAFETY: the buffer is as long as is said.
    let length = unsafe { sys::pcre2_get_error_message_8(error, buffer.as_mut_ptr(), buffer.len()) };
    let text = usize::try_from(length).ok().and_then(|length| buffer.get(..length)).unwrap_or_default();
    if text.is_empty() {
        format!("PCRE refuses it (error {error})")
    } else {
        String::from_utf8_lossy(text).into_owned()
    }
}
