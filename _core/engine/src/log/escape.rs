//! Values in a line, so that none can be taken for the end of itself: as nginx escapes them.

use sallygate_image::Escape;

/// Appends `value`; `most` bytes of what it becomes at the most, and never a part of an escape or a character.
pub(super) fn write(value: &[u8], escape: Escape, most: usize, out: &mut Vec<u8>) {
    match escape {
        Escape::None => unescaped(value, out.len() + most, out),
        Escape::Default => {
            let end = out.len() + most;
            for &byte in value {
                let plain = matches!(byte, 0x20..0x7f) && byte != b'"' && byte != b'\\';
                if out.len() + if plain { 1 } else { 4 } > end {
                    return;
                }
                if plain {
                    out.push(byte);
                } else {
                    out.extend_from_slice(&[b'\\', b'x', digit(byte >> 4), digit(byte & 15)]);
                }
            }
        }
        Escape::Json => json(value, out.len() + most, out),
    }
}

/// As it is, but for what ends a line: a path is decoded, and one that holds a line feed would forge the next line. nginx
/// lets it.
fn unescaped(value: &[u8], end: usize, out: &mut Vec<u8>) {
    for part in value.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let (text, ending): (_, &[u8]) = match part {
            [text @ .., b'\n'] => (text, b"\\x0A"),
            [text @ .., b'\r'] => (text, b"\\x0D"),
            text => (text, b""),
        };
        let room = end.saturating_sub(out.len());
        out.extend_from_slice(text.get(..room).unwrap_or(text));
        if out.len() + ending.len() > end {
            return;
        }
        out.extend_from_slice(ending);
    }
}

/// As nginx has it, but for what is no UTF-8: it becomes U+FFFD, where nginx writes a line that is no JSON.
fn json(value: &[u8], end: usize, out: &mut Vec<u8>) {
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut place = [0; 4];
            let short: &[u8] = match character {
                '"' => b"\\\"",
                '\\' => b"\\\\",
                '\n' => b"\\n",
                '\r' => b"\\r",
                '\t' => b"\\t",
                '\u{8}' => b"\\b",
                '\u{c}' => b"\\f",
                _ => b"",
            };
            let control;
            let text: &[u8] = if !short.is_empty() {
                short
            } else if let Ok(byte @ 0..0x20) = u8::try_from(character) {
                control = [b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)];
                &control
            } else {
                character.encode_utf8(&mut place).as_bytes()
            };
            if out.len() + text.len() > end {
                return;
            }
            out.extend_from_slice(text);
        }
        if !chunk.invalid().is_empty() {
            if out.len() + 6 > end {
                return;
            }
            out.extend_from_slice(b"\\uFFFD");
        }
    }
}

fn digit(bits: u8) -> u8 {
    b"0123456789ABCDEF".get(usize::from(bits)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: &[u8], escape: Escape, most: usize) -> Vec<u8> {
        let mut out = Vec::new();
        write(value, escape, most, &mut out);
        out
    }

    #[test]
    fn each_byte_is_escaped_as_nginx_does_it() {
        let value = b"a \"\\\n\x01\x7f\xc3\xa9\xff/";
        assert_eq!(written(value, Escape::Default, 99), br"a \x22\x5C\x0A\x01\x7F\xC3\xA9\xFF/");
        let json = [&br#"a \"\\\n\u0001"#[..], b"\x7f\xc3\xa9", br"\uFFFD/"].concat();
        assert_eq!(written(value, Escape::Json, 99), json);
        assert_eq!(written(b"\r\t\x08\x0c\x1f", Escape::Json, 99), br"\r\t\b\f\u001F");
        assert_eq!(written(value, Escape::None, 99), [&b"a \"\\"[..], br"\x0A", b"\x01\x7f\xc3\xa9\xff/"].concat());
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        assert_eq!(written(b"ab\"c", Escape::Default, 5), b"ab");
        assert_eq!(written(b"ab\"c", Escape::Json, 3), b"ab");
        assert_eq!(written("aé".as_bytes(), Escape::Json, 2), b"a");
        assert_eq!(written(b"abc", Escape::None, 2), b"ab");
        assert_eq!(written(b"a\r\nb", Escape::None, 8), b"a\\x0D");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_comes_stays_a_json_string(value in proptest::collection::vec(any::<u8>(), 0..200), most in 0..300_usize) {
            let out = String::from_utf8(written(&value, Escape::Json, most)).unwrap();
            prop_assert!(out.len() <= most);
            let mut rest = out.chars();
            while let Some(one) = rest.next() {
                prop_assert!(one >= ' ' && one != '"', "{out}");
                if one == '\\' {
                    let kind = rest.next().unwrap();
                    prop_assert!("\"\\nrtbfu".contains(kind));
                    if kind == 'u' {
                        let digits: String = rest.by_ref().take(4).collect();
                        prop_assert!(digits.len() == 4 && u32::from_str_radix(&digits, 16).is_ok());
                    }
                }
            }
        }

        #[test]
        fn whatever_comes_stays_one_line(value in proptest::collection::vec(any::<u8>(), 0..200), most in 0..300_usize) {
            let out = written(&value, Escape::None, most);
            prop_assert!(out.len() <= most);
            prop_assert!(!out.contains(&b'\n') && !out.contains(&b'\r'));
        }

        #[test]
        fn whatever_comes_stays_printable(value in proptest::collection::vec(any::<u8>(), 0..200), most in 0..300_usize) {
            let out = written(&value, Escape::Default, most);
            prop_assert!(out.len() <= most);
            prop_assert!(out.iter().all(|byte| (0x20..0x7f).contains(byte) && *byte != b'"'));
        }
    }
}
