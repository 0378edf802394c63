//! The version of the IR's shape, as `gateway/ir/version.py` has it.

/// Grows when anything changes that is not a field with a default. A root of another major version is refused.
pub const MAJOR: u32 = 1;

/// Grows when a field with a default is added.
pub const MINOR: u32 = 8;

/// The version as text.
pub const TEXT: &str = "1.8";

#[cfg(test)]
mod tests {
    #[test]
    fn the_text_says_the_same() {
        assert_eq!(super::TEXT, format!("{}.{}", super::MAJOR, super::MINOR));
    }
}
