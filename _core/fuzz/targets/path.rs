//! Paths and hosts: the normal form is one, what is matched is read from what is sent on, and nothing climbs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallygate_wire::host::canonical_host;
use sallygate_wire::path::{PathScratch, check_rewritten, encode_path, read_path};

fuzz_target!(|bytes: &[u8]| {
    let mut host = Vec::new();
    if let Ok(found) = canonical_host(bytes, &mut host) {
        let mut again = Vec::new();
        assert_eq!(canonical_host(found, &mut again), Ok(found));
    }

    let (mut scratch, mut again_scratch, mut check_scratch) =
        (PathScratch::new(), PathScratch::new(), PathScratch::new());
    let Ok(forms) = read_path(bytes, &mut scratch) else {
        assert!(check_rewritten(bytes, &mut check_scratch).is_err());
        return;
    };
    let again = read_path(forms.forward, &mut again_scratch).expect("the normal form is sound");
    assert_eq!(forms, again);
    if forms.forward == b"*" {
        return;
    }
    assert_eq!(check_rewritten(forms.forward, &mut check_scratch), Ok(()));
    assert_eq!(check_rewritten(bytes, &mut check_scratch).is_ok(), bytes == forms.forward);
    for reading in [forms.matched, forms.forward, forms.undecoded.unwrap_or(b"/"), forms.unmerged.unwrap_or(b"/")] {
        assert_eq!(reading.first(), Some(&b'/'));
        assert!(!reading.split(|&byte| matches!(byte, b'/' | b'\\')).any(|segment| matches!(segment, b"." | b"..")));
    }
    assert!(forms.forward.iter().all(|byte| byte.is_ascii_graphic()));
    assert!(!forms.matched.windows(2).any(|pair| pair == b"//"));
    assert!(!forms.matched.iter().any(|&byte| byte < b' ' || byte == 0x7f || byte == b'?' || byte == b'#'));
    let mut encoded = Vec::new();
    encode_path(forms.matched, &mut encoded);
    let after = read_path(&encoded, &mut again_scratch).expect("an encoded reading is sound");
    assert!(forms.undecoded.is_some() || after.matched == forms.matched);
});
