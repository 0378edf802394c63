//! Bytes that wait on disk: a file without a name, gone with whoever holds it.
//!
//! Writing and reading block the worker, as they do in nginx: they meet the page cache, not the device, and cost less
//! than handing each piece to another thread. How much may lie there in all is the caller's limit.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Nobody else may read what a client sends.
const MODE: u32 = 0o600;
/// Names that are tried where a file cannot be made without one.
const NAMES: usize = 4;

/// Bytes on disk, written at the end and read from the start, as often as wanted.
#[derive(Debug)]
pub struct Spill {
    file: File,
    written: u64,
    read: u64,
}

impl Spill {
    /// An empty one in `folder`. `random` makes a name where the file system cannot do without.
    pub fn create(folder: &Path, random: impl FnMut() -> u64) -> io::Result<Self> {
        let unnamed = OpenOptions::new().read(true).write(true).mode(MODE).custom_flags(libc::O_TMPFILE).open(folder);
        let file = match unnamed {
            Ok(file) => file,
            Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL)) => {
                named_for_a_moment(folder, random)?
            }
            Err(error) => return Err(error),
        };
        Ok(Self { file, written: 0, read: 0 })
    }

    /// Adds bytes at the end. After an error nothing of them counts.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.written)?;
        self.written += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(())
    }

    /// How many bytes it holds.
    pub fn len(&self) -> u64 {
        self.written
    }

    /// Does it hold none?
    pub fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Is there nothing left to read?
    pub fn is_read(&self) -> bool {
        self.read >= self.written
    }

    /// Reads the next bytes into `into`; 0 at the end.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.written - self.read).unwrap_or(usize::MAX);
        let wanted = into.len().min(left);
        let Some(into) = into.get_mut(..wanted).filter(|into| !into.is_empty()) else { return Ok(0) };
        loop {
            match self.file.read_at(into, self.read) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.read += u64::try_from(count).unwrap_or(0);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// All of it, wherever it has been read to.
    pub fn whole(&self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.written).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Reads from the start again.
    pub fn rewind(&mut self) {
        self.read = 0;
    }
}

/// Some file systems have no files without a name: it is taken away as soon as the file is there.
fn named_for_a_moment(folder: &Path, mut random: impl FnMut() -> u64) -> io::Result<File> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..NAMES {
        let path = folder.join(format!("body-{:016x}", random()));
        match OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(spill: &mut Spill) -> Vec<u8> {
        let (mut bytes, mut piece) = (Vec::new(), [0; 7]);
        loop {
            match spill.read(&mut piece).unwrap() {
                0 => return bytes,
                count => bytes.extend_from_slice(&piece[..count]),
            }
        }
    }

    #[test]
    fn what_was_written_is_read_in_order_and_again() {
        let mut spill = Spill::create(&std::env::temp_dir(), || 1).unwrap();
        assert!(spill.is_empty() && spill.is_read());
        spill.append(b"hello ").unwrap();
        spill.append(b"wide world").unwrap();
        assert_eq!((spill.len(), spill.is_read()), (16, false));
        assert_eq!(all(&mut spill), b"hello wide world");
        assert!(spill.is_read());
        spill.append(b"!").unwrap();
        assert_eq!(all(&mut spill), b"!");
        spill.rewind();
        assert_eq!(all(&mut spill), b"hello wide world!");
    }

    #[test]
    fn a_named_file_is_gone_at_once_and_a_taken_name_is_passed_over() {
        let folder = std::env::temp_dir().join(format!("sallygate-spill-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("body-0000000000000001"), b"").unwrap();
        let mut number = 0;
        let file = named_for_a_moment(&folder, || {
            number += 1;
            number
        });
        assert!(file.is_ok());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn without_a_folder_there_is_none() {
        assert!(Spill::create(Path::new("/nowhere/at/all"), || 1).is_err());
    }
}
