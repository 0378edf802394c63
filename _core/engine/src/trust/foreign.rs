//! What OpenSSL can do and its crate has no words for. All that is unsafe about `trust` stands here.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_uchar, c_uint, c_ulong, c_void};
use std::ptr;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslRef};
use openssl::x509::store::{X509StoreBuilderRef, X509StoreRef};
use openssl::x509::{X509Crl, X509NameRef};
use openssl_sys as ffi;

/// The longest session id context.
pub const CONTEXT_BYTES: usize = 32;

/// RFC 2253, as nginx writes names: what is no printable ASCII is escaped.
const RFC2253: c_ulong = 0x0111_0317;
/// `SSL_CTRL_SET_VERIFY_CERT_STORE`; with 1 the store gets another owner instead of a new one.
const SET_VERIFY_STORE: c_int = 106;
const SERVER_PREFERENCE: u64 = 1 << 22;

unsafe extern "C" {
    fn SSL_set_session_id_context(ssl: *mut ffi::SSL, context: *const c_uchar, length: c_uint) -> c_int;
    fn SSL_set_verify_depth(ssl: *mut ffi::SSL, depth: c_int);
    fn SSL_CTX_set_timeout(context: *mut ffi::SSL_CTX, seconds: c_long) -> c_long;
    fn SSL_clear_options(ssl: *mut ffi::SSL, options: u64) -> u64;
    fn SSL_set_options(ssl: *mut ffi::SSL, options: u64) -> u64;
    fn X509_STORE_add_crl(store: *mut ffi::X509_STORE, list: *mut ffi::X509_CRL) -> c_int;
    fn X509_NAME_print_ex(out: *mut ffi::BIO, name: *const ffi::X509_NAME, indent: c_int, flags: c_ulong) -> c_int;
    fn BIO_read(bio: *mut ffi::BIO, into: *mut c_void, length: c_int) -> c_int;
}

fn checked(result: c_int) -> Result<(), ErrorStack> {
    if result == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// The server name that a client's first message asks for, before anything else of it was looked at. None where it asks
/// for none, or in a way that the library will refuse.
pub fn server_name(ssl: &SslRef) -> Option<&[u8]> {
    let (mut data, mut length) = (ptr::null(), 0_usize);
    // SAFETY: `ssl` lives, and within its first callback the extension that is pointed to does, too; both outputs are
    // valid places. The bytes belong to `ssl`, and the result borrows it.
    let extension = unsafe {
        if ffi::SSL_client_hello_get0_ext(ssl.as_ptr(), 0, &raw mut data, &raw mut length) != 1 || data.is_null() {
            return None;
        }
        std::slice::from_raw_parts(data, length)
    };
    // RFC 6066 section 3: a list of (type, name), in which only type 0 exists and stands once.
    let list = sized(extension)?;
    let name = list.strip_prefix(&[0]).and_then(sized)?;
    (!name.is_empty() && !name.contains(&0)).then_some(name)
}

/// What two bytes say the length of, if that is all there is.
fn sized(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    (rest.len() == usize::from(u16::from_be_bytes(*length))).then_some(rest)
}

/// Sessions are resumed only where they were made: `context` names the place.
pub fn set_session_context(ssl: &mut SslRef, context: &[u8; CONTEXT_BYTES]) -> Result<(), ErrorStack> {
    // SAFETY: 32 bytes are read, which is the most that is allowed, and copied.
    checked(unsafe { SSL_set_session_id_context(ssl.as_ptr(), context.as_ptr(), 32) })
}

/// How long a chain may be.
pub fn set_verify_depth(ssl: &mut SslRef, depth: u32) {
    // SAFETY: only writes a number into `ssl`.
    unsafe { SSL_set_verify_depth(ssl.as_ptr(), c_int::try_from(depth).unwrap_or(c_int::MAX)) }
}

/// Chains of this peer are verified by `store`, which both own from now on.
pub fn share_store(ssl: &mut SslRef, store: &X509StoreRef) -> Result<(), ErrorStack> {
    // SAFETY: both live; the library counts one more owner of the store and releases it with `ssl`.
    let result = unsafe { ffi::SSL_ctrl(ssl.as_ptr(), SET_VERIFY_STORE, 1, store.as_ptr().cast::<c_void>()) };
    if result == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// Whether the client's order of cipher suites counts for this connection.
pub fn prefer_client_order(ssl: &mut SslRef, client: bool) {
    // SAFETY: only change flags of `ssl`.
    unsafe {
        if client {
            SSL_clear_options(ssl.as_ptr(), SERVER_PREFERENCE);
        } else {
            SSL_set_options(ssl.as_ptr(), SERVER_PREFERENCE);
        }
    }
}

/// How long sessions may be resumed.
pub fn set_session_seconds(builder: &mut SslContextBuilder, seconds: u32) {
    // SAFETY: only writes a number into the context.
    unsafe { SSL_CTX_set_timeout(builder.as_ptr(), c_long::from(i32::try_from(seconds).unwrap_or(i32::MAX))) };
}

/// Adds a list of revoked certificates.
pub fn add_revocations(store: &mut X509StoreBuilderRef, list: &X509Crl) -> Result<(), ErrorStack> {
    // SAFETY: both live; the library counts one more owner of the list.
    checked(unsafe { X509_STORE_add_crl(store.as_ptr(), foreign_types::ForeignType::as_ptr(list)) })
}

/// A name as RFC 2253 has it, ASCII only.
pub fn name_text(name: &X509NameRef) -> Vec<u8> {
    let mut text = Vec::new();
    let mut piece = [0_u8; 256];
    // SAFETY: the BIO is made, used and released here; the name lives; at most the length of `piece` is written to it.
    unsafe {
        let bio = ffi::BIO_new(ffi::BIO_s_mem());
        if bio.is_null() {
            return text;
        }
        if X509_NAME_print_ex(bio, name.as_ptr(), 0, RFC2253) >= 0 {
            loop {
                let count = BIO_read(bio, piece.as_mut_ptr().cast::<c_void>(), 256);
                let Some(read) = usize::try_from(count).ok().filter(|count| *count > 0) else { break };
                text.extend_from_slice(piece.get(..read).unwrap_or_default());
            }
        }
        ffi::BIO_free_all(bio);
    }
    text
}
