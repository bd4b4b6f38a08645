//! Room kept for the day on which the disk is full: what is under way can still be settled.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Enough for the log of settling a large outbox.
const SIZE: usize = 4 << 20;

/// A file beside the state that only takes up room.
pub(super) struct Ballast(PathBuf);

impl Ballast {
    /// Makes the file where it is missing and there is room; without room there is none.
    pub(super) fn keep(state: &Path) -> Self {
        let mut name: OsString = state.as_os_str().to_owned();
        name.push(".ballast");
        let path = PathBuf::from(name);
        let whole = fs::metadata(&path).is_ok_and(|found| found.len() >= SIZE as u64);
        if !whole && write(&path).is_err() {
            // A part of it would take room and give none.
            fs::remove_file(&path).unwrap_or_default();
        }
        Self(path)
    }

    /// Gives the room back; true where there was some.
    pub(super) fn drop_it(&self) -> bool {
        fs::remove_file(&self.0).is_ok()
    }
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    let block = vec![0; 1 << 16];
    for _ in 0..SIZE / block.len() {
        file.write_all(&block)?;
    }
    file.sync_all()
}
