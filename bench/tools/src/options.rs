//! `--name value` command lines, and one way to end with a message.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::process;
use std::str::FromStr;

/// The options of one program, each taken once; what is left over is a mistake of the caller.
pub struct Options {
    program: String,
    values: BTreeMap<String, String>,
}

impl Options {
    /// Reads `--name value` pairs; `--name` directly before another option or the end is a switch.
    pub fn from_arguments(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut arguments = arguments.into_iter().peekable();
        let program = arguments.next().unwrap_or_default();
        let mut values = BTreeMap::new();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else { fail(&program, format!("unexpected {argument:?}")) };
            let value = arguments.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            values.insert(name.to_owned(), value);
        }
        Self { program, values }
    }

    /// The value of `--name`, or `default` where it is not given.
    pub fn take<T: FromStr>(&mut self, name: &str, default: T) -> T {
        match self.values.remove(name) {
            None => default,
            Some(text) => match text.parse() {
                Ok(value) => value,
                Err(_) => fail(&self.program, format!("--{name} cannot be {text:?}")),
            },
        }
    }

    /// Whether `--name` is given.
    pub fn switch(&mut self, name: &str) -> bool {
        self.values.remove(name).is_some()
    }

    /// Ends the program if an option is left that nobody asked for.
    pub fn finish(self) {
        if let Some(name) = self.values.keys().next() {
            fail(&self.program, format!("there is no option --{name}"));
        }
    }
}

/// Ends the program with a message.
pub fn fail(program: &str, message: impl Display) -> ! {
    eprintln!("{program}: {message}");
    process::exit(2)
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn options(line: &str) -> Options {
        Options::from_arguments(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn values_switches_and_defaults() {
        let mut options = options("load --connections 64 --idle --path /x");
        assert_eq!(options.take("connections", 1), 64);
        assert_eq!(options.take("path", String::new()), "/x");
        assert_eq!(options.take("seconds", 3), 3);
        assert!(options.switch("idle"));
        assert!(!options.switch("idle"), "each option is taken once");
        options.finish();
    }
}
