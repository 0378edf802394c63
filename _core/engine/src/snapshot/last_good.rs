//! The last good configuration on disk, so that a restart serves at once, with or without a control plane.
//!
//! One file that only grows: records of a length (u32, little-endian), a type (u8) and bytes. Type 1 is a segment, type
//! 2 commits to the root digest that it holds. A record that the end of the file cuts off is ignored, and damage inside
//! a segment changes its digest, so that the trees that need it are incomplete and an older commit counts. When more
//! than half of the file is of no use any more, what is in use is copied to a new file.
//!
//! The file holds private keys, so nobody but its owner may read it. No fault here touches what is being served.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::ops::Range;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sallygate_image::{Digest, limits};

/// Only its owner reads a file that holds private keys.
const MODE: u32 = 0o600;

/// A length and a type.
const HEADER: usize = 5;

const SEGMENT: u8 = 1;
const COMMIT: u8 = 2;

/// Below this size it is not worth the while to copy anything.
const SMALL: usize = 1 << 20;

/// The largest file that is read at a start: far more than the largest configuration, twice.
const FILE_BYTES: u64 = 4 << 30;

/// What may wait in memory for a disk that cannot be written to.
const WAITING_BYTES: usize = 64 << 20;

/// The file, and what is not in it yet.
pub struct LastGood {
    path: PathBuf,
    tail: Tail,
    /// Segments that could not be written when they came.
    waiting: Vec<(Digest, Vec<u8>)>,
    /// Set when segments were lost that later commits need: the file then stays as it is.
    given_up: bool,
}

enum Tail {
    /// What is on disk is not known or of no use: the next commit writes a new file.
    New,
    /// The file is known up to here, and goes on from here.
    At { bytes: usize, file: Option<File> },
}

/// What a file holds.
pub(super) struct Pack {
    bytes: Vec<u8>,
    segments: HashMap<Digest, Range<usize>>,
    /// Oldest first.
    pub(super) commits: Vec<Digest>,
    sound: usize,
}

impl Pack {
    fn read(bytes: Vec<u8>) -> Self {
        let mut pack = Self { bytes: Vec::new(), segments: HashMap::new(), commits: Vec::new(), sound: 0 };
        while let Some((kind, body)) = record(&bytes, pack.sound) {
            let content = bytes.get(body.clone()).unwrap_or_default();
            pack.sound = body.end;
            match kind {
                SEGMENT => drop(pack.segments.insert(Digest::of(content), body)),
                // A commit of another length is as good as none.
                _ => pack.commits.extend(Digest::try_from(content)),
            }
        }
        pack.bytes = bytes;
        pack
    }

    /// The bytes of a segment.
    pub(super) fn segment(&self, digest: &Digest) -> Option<&[u8]> {
        self.bytes.get(self.segments.get(digest)?.clone())
    }
}

/// The type and content of the record that starts here, if it is whole.
fn record(bytes: &[u8], start: usize) -> Option<(u8, Range<usize>)> {
    let (length, rest) = bytes.get(start..)?.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let kind = *rest.first()?;
    let body = start.checked_add(HEADER)?..start.checked_add(HEADER)?.checked_add(length)?;
    let known = (kind == SEGMENT && length <= limits::SEGMENT_BYTES) || kind == COMMIT;
    (known && body.end <= bytes.len()).then_some((kind, body))
}

fn append_record(out: &mut Vec<u8>, kind: u8, content: &[u8]) {
    // Segments are far smaller than 4 GB; what was decoded is within its bound.
    let Ok(length) = u32::try_from(content.len()) else { return };
    out.extend_from_slice(&length.to_le_bytes());
    out.push(kind);
    out.extend_from_slice(content);
}

impl LastGood {
    /// Nothing is read or written yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), tail: Tail::New, waiting: Vec::new(), given_up: false }
    }

    /// Read the file. None if there is none.
    pub(super) fn load(&mut self) -> Result<Option<Pack>, String> {
        let file = match OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.explain("cannot be read", &error)),
        };
        let mut bytes = Vec::new();
        match file.take(FILE_BYTES).read_to_end(&mut bytes) {
            Ok(_) => Ok(Some(Pack::read(bytes))),
            Err(error) => Err(self.explain("cannot be read", &error)),
        }
    }

    /// Go on writing where the sound part of a file ends that was loaded and is served.
    pub(super) fn go_on(&mut self, pack: &Pack) {
        self.tail = Tail::At { bytes: pack.sound, file: None };
    }

    /// Write what is new and commit to a root that is served by now. `live` says which segments are in use, and
    /// `live_bytes` how much they are.
    pub(super) fn commit(
        &mut self,
        root: Digest,
        segments: impl IntoIterator<Item = (Digest, Vec<u8>)>,
        live: impl Fn(&Digest) -> bool,
        live_bytes: usize,
    ) -> Result<(), String> {
        if self.given_up {
            return Err(format!(
                "the last good configuration {} is out of date: segments that could not be written were lost; \
                 it is complete again after the next start",
                self.path.display()
            ));
        }
        self.waiting.retain(|(digest, _)| live(digest));
        self.waiting.extend(segments);
        let result = self.write(root, live, live_bytes);
        if result.is_ok() {
            self.waiting = Vec::new();
        } else if self.waiting.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > WAITING_BYTES {
            self.waiting = Vec::new();
            self.given_up = true;
        }
        result
    }

    fn write(&mut self, root: Digest, live: impl Fn(&Digest) -> bool, live_bytes: usize) -> Result<(), String> {
        let mut batch = Vec::new();
        for (_, bytes) in &self.waiting {
            append_record(&mut batch, SEGMENT, bytes);
        }
        append_record(&mut batch, COMMIT, &root.0);
        let bytes = match &self.tail {
            Tail::New => return self.replace(&batch),
            Tail::At { bytes, .. } => *bytes,
        };
        if bytes + batch.len() > SMALL && bytes + batch.len() > 2 * live_bytes {
            return self.compact(&batch, live);
        }
        let mut file = match self.reopen(bytes) {
            Ok(file) => file,
            Err(error) => return Err(self.explain("cannot be opened", &error)),
        };
        match file.write_all(&batch) {
            Ok(()) => {
                self.tail = Tail::At { bytes: bytes + batch.len(), file: Some(file) };
                Ok(())
            }
            // Whatever was written in part is cut off by `reopen` the next time.
            Err(error) => Err(self.explain("cannot be written", &error)),
        }
    }

    /// The file, positioned at the end of its sound part, with everything behind it cut off.
    fn reopen(&mut self, bytes: usize) -> io::Result<File> {
        if let Tail::At { file, .. } = &mut self.tail
            && let Some(file) = file.take()
        {
            return Ok(file);
        }
        let file = OpenOptions::new().append(true).custom_flags(libc::O_NOFOLLOW).open(&self.path)?;
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.set_len(bytes as u64)?;
        Ok(file)
    }

    /// Copy what is in use to a new file, and go on with that.
    fn compact(&mut self, batch: &[u8], live: impl Fn(&Digest) -> bool) -> Result<(), String> {
        let Some(pack) = self.load()? else {
            return Err(self.explain("cannot be read", &ErrorKind::NotFound.into()));
        };
        let new: HashSet<&Digest> = self.waiting.iter().map(|(digest, _)| digest).collect();
        let mut kept = Vec::with_capacity(batch.len());
        for digest in pack.segments.keys().filter(|digest| live(digest) && !new.contains(digest)) {
            append_record(&mut kept, SEGMENT, pack.segment(digest).unwrap_or_default());
        }
        kept.extend_from_slice(batch);
        self.replace(&kept)
    }

    /// Put a new file in place of the old one. Until it is complete and on the disk, the old one stays.
    fn replace(&mut self, content: &[u8]) -> Result<(), String> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        match write_new(&new, content).and_then(|file| fs::rename(&new, &self.path).map(|()| file)) {
            Ok(file) => {
                self.tail = Tail::At { bytes: content.len(), file: Some(file) };
                Ok(())
            }
            Err(error) => {
                // It would be overwritten the next time; what matters is the space that it takes on a full disk.
                let _unimportant = fs::remove_file(&new);
                Err(self.explain("cannot be written", &error))
            }
        }
    }

    fn explain(&self, what: &str, error: &io::Error) -> String {
        format!("the last good configuration {} {what}: {error}", self.path.display())
    }
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A fresh file of our own, so no other mode and no link can be in its place.
    let mut file = OpenOptions::new().append(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::Folder;

    fn segment(number: u8, length: usize) -> (Digest, Vec<u8>) {
        let bytes = vec![number; length];
        (Digest::of(&bytes), bytes)
    }

    fn all(_: &Digest) -> bool {
        true
    }

    #[test]
    fn what_is_committed_is_loaded_and_a_torn_tail_is_not() {
        let folder = Folder::new();
        let path = folder.file("pack");
        let mut last_good = LastGood::new(&path);
        assert!(last_good.load().unwrap().is_none());
        let (one, two) = (segment(1, 10), segment(2, 20));
        last_good.commit(one.0, [one.clone()], all, 10).unwrap();
        last_good.commit(two.0, [two.clone()], all, 30).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut last_good = LastGood::new(&path);
            let pack = last_good.load().unwrap().unwrap();
            assert_eq!(pack.segment(&one.0), (cut >= 15).then_some(&one.1[..]));
            assert_eq!(pack.segment(&two.0), (cut >= 36 + 25).then_some(&two.1[..]));
            let commits: Vec<Digest> = [(36, one.0), (36 + 46, two.0)]
                .into_iter()
                .filter_map(|(end, root)| (cut >= end).then_some(root))
                .collect();
            assert_eq!(pack.commits, commits);
            // Writing goes on where the sound part ends.
            last_good.go_on(&pack);
            let three = segment(3, 30);
            last_good.commit(three.0, [three.clone()], all, 60).unwrap();
            let pack = LastGood::new(&path).load().unwrap().unwrap();
            assert_eq!(pack.commits.last(), Some(&three.0));
            assert_eq!(pack.segment(&three.0), Some(&three.1[..]));
        }
    }

    #[test]
    fn the_file_is_for_its_owner_only() {
        let folder = Folder::new();
        let path = folder.file("pack");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let mut last_good = LastGood::new(&path);
        last_good.commit(Digest([1; 16]), [segment(1, 10)], all, 10).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let mut last_good = LastGood::new(&path);
        let pack = last_good.load().unwrap().unwrap();
        last_good.go_on(&pack);
        last_good.commit(Digest([2; 16]), [segment(2, 10)], all, 20).unwrap();
        assert_eq!(mode(), 0o600);
        let link = folder.file("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(LastGood::new(&link).load().is_err(), "a link is not followed");
    }

    #[test]
    fn what_is_of_no_use_is_left_behind() {
        let folder = Folder::new();
        let path = folder.file("pack");
        let mut last_good = LastGood::new(&path);
        let kept = segment(0, 300_000);
        last_good.commit(kept.0, [kept.clone()], all, 300_000).unwrap();
        for number in 1..50 {
            let next = segment(number, 300_000);
            let live = |digest: &Digest| *digest == kept.0 || *digest == next.0;
            last_good.commit(next.0, [next.clone()], live, 600_000).unwrap();
            let pack = LastGood::new(&path).load().unwrap().unwrap();
            assert_eq!(pack.commits.last(), Some(&next.0));
            assert!(pack.segment(&kept.0).is_some() && pack.segment(&next.0).is_some());
            assert!(pack.bytes.len() < 2_000_000, "{}", pack.bytes.len());
        }
    }

    #[test]
    fn a_full_disk_is_reported_and_made_up_for() {
        let folder = Folder::new();
        let path = folder.file("pack");
        let mut last_good = LastGood::new(&path);
        let (one, two, three) = (segment(1, 10), segment(2, 10), segment(3, 10));
        last_good.commit(one.0, [one.clone()], all, 10).unwrap();
        // The device that is always full stands in for the file's.
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let Tail::At { file, .. } = &mut last_good.tail else { panic!("it is known") };
        *file = Some(full);
        let problem = last_good.commit(two.0, [two.clone()], all, 20).unwrap_err();
        assert!(problem.contains("pack") && problem.contains("No space left"), "{problem}");
        last_good.commit(three.0, [three.clone()], all, 30).unwrap();
        let pack = LastGood::new(&path).load().unwrap().unwrap();
        assert_eq!(pack.commits, [one.0, three.0]);
        assert!([one, two, three].iter().all(|(digest, _)| pack.segment(digest).is_some()));
    }

    #[test]
    fn what_waits_is_bounded() {
        let folder = Folder::new();
        let mut last_good = LastGood::new(folder.file("no-such-folder/pack"));
        for number in 0..4 {
            let problem = last_good.commit(Digest([number; 16]), [segment(number, 30 << 20)], all, 0).unwrap_err();
            assert!(problem.contains("no-such-folder"), "{problem}");
        }
        assert!(last_good.given_up && last_good.waiting.is_empty());
    }
}
