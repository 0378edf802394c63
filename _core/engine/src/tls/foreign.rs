//! Session tickets by keys of our own: a callback of the TLS library that its crate has no words for.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_uchar, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::rand::rand_bytes;
use openssl::ssl::{Ssl, SslContextBuilder, SslRef};
use openssl_sys as ffi;

use crate::tls::tickets::{Key, NAME_BYTES, TicketKeys};

/// What the library is told: this ticket is not ours, or it is, or it is and its owner should get another one.
const UNKNOWN: c_int = 0;
const KNOWN: c_int = 1;
const RENEW: c_int = 2;
const FAILED: c_int = -1;

/// The block of AES.
const IV_BYTES: usize = 16;
const MAC_KEY: &CStr = c"key";
const MAC_DIGEST: &CStr = c"digest";
const SHA256: &CStr = c"SHA256";

type Callback = unsafe extern "C" fn(
    *mut ffi::SSL,
    *mut c_uchar,
    *mut c_uchar,
    *mut ffi::EVP_CIPHER_CTX,
    *mut ffi::EVP_MAC_CTX,
    c_int,
) -> c_int;

unsafe extern "C" {
    fn SSL_CTX_set_tlsext_ticket_key_evp_cb(context: *mut ffi::SSL_CTX, callback: Option<Callback>) -> c_int;
    fn OSSL_PARAM_construct_utf8_string(name: *const c_char, value: *mut c_char, size: usize) -> ffi::OSSL_PARAM;
    fn EVP_aes_128_cbc() -> *const ffi::EVP_CIPHER;
}

fn index() -> Result<Index<Ssl, Arc<TicketKeys>>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Arc<TicketKeys>>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}

/// Tickets of connections that begin with this context are made and opened by the keys that `attach` gives them.
pub fn use_own_keys(builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    // SAFETY: the context lives, and the callback is a function that lives for ever.
    let set = unsafe { SSL_CTX_set_tlsext_ticket_key_evp_cb(builder.as_ptr(), Some(callback)) };
    if set == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// The keys for the tickets of a handshake that has just begun. They go with the connection, because its context changes
/// with the certificate that it shows.
pub fn attach(ssl: &mut SslRef, keys: Arc<TicketKeys>) -> Result<(), ErrorStack> {
    ssl.set_ex_data(index()?, keys);
    Ok(())
}

fn keys(ssl: &SslRef) -> Option<&TicketKeys> {
    ssl.ex_data(index().ok()?).map(|keys| &**keys)
}

unsafe extern "C" fn callback(
    ssl: *mut ffi::SSL,
    name: *mut c_uchar,
    iv: *mut c_uchar,
    cipher: *mut ffi::EVP_CIPHER_CTX,
    mac: *mut ffi::EVP_MAC_CTX,
    make: c_int,
) -> c_int {
    let body = || {
        // SAFETY: the library calls this with a live connection, a name of 16 bytes and an IV of at least 16, and with
        // contexts that it has made and that nobody else uses.
        unsafe {
            let name = &mut *name.cast::<[u8; NAME_BYTES]>();
            let iv = &mut *iv.cast::<[u8; IV_BYTES]>();
            let keys = keys(SslRef::from_ptr(ssl)).ok_or_else(ErrorStack::get)?;
            if make == 1 {
                let key = keys.current()?;
                *name = key.name;
                rand_bytes(iv)?;
                prepare(&key, iv, cipher, mac, true)?;
                return Ok::<c_int, ErrorStack>(KNOWN);
            }
            let Some((key, renew)) = keys.find(name)? else { return Ok(UNKNOWN) };
            prepare(&key, iv, cipher, mac, false)?;
            Ok(if renew { RENEW } else { KNOWN })
        }
    };
    // Without a ticket there is a handshake, so nothing is lost by any failure.
    catch_unwind(AssertUnwindSafe(body)).map_or(FAILED, |result| result.unwrap_or(FAILED))
}

/// Gives the library's contexts their keys.
///
/// # Safety
///
/// Both contexts are live and nobody else's.
unsafe fn prepare(
    key: &Key,
    iv: &[u8; IV_BYTES],
    cipher: *mut ffi::EVP_CIPHER_CTX,
    mac: *mut ffi::EVP_MAC_CTX,
    make: bool,
) -> Result<(), ErrorStack> {
    let mut mac_key = [0_u8; 32];
    let length = key.mac().len();
    mac_key.get_mut(..length).unwrap_or_default().copy_from_slice(key.mac());
    // SAFETY: the key and the IV have the length that the cipher takes, and are copied; the parameters point to what
    // lives until the call ends, and the library only reads it.
    let done = unsafe {
        let algorithm = if key.cipher().len() == 16 { EVP_aes_128_cbc() } else { ffi::EVP_aes_256_cbc() };
        let begin = if make { ffi::EVP_EncryptInit_ex } else { ffi::EVP_DecryptInit_ex };
        let parameters = [
            ffi::OSSL_PARAM_construct_octet_string(MAC_KEY.as_ptr(), mac_key.as_mut_ptr().cast::<c_void>(), length),
            OSSL_PARAM_construct_utf8_string(MAC_DIGEST.as_ptr(), SHA256.as_ptr().cast_mut(), 0),
            ffi::OSSL_PARAM_construct_end(),
        ];
        begin(cipher, algorithm, std::ptr::null_mut(), key.cipher().as_ptr(), iv.as_ptr()) == 1
            && ffi::EVP_MAC_CTX_set_params(mac, parameters.as_ptr()) == 1
    };
    if done { Ok(()) } else { Err(ErrorStack::get()) }
}
