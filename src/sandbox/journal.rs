//! What survives a kill: every change as a JSON line with a checksum, written before the answer.
//!
//! A line is in the system's hands once written, so killing the process loses nothing that was
//! acknowledged. (Power loss is not guarded against: this is an emulator.) A torn last line was
//! never acknowledged and is cut off.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::SandboxError;
use super::gzip::crc32;

/// Its file in the folder.
pub(super) const FILE: &str = "sandbox.jsonl";

/// The open journal; one without a folder keeps nothing.
#[derive(Default)]
pub(super) struct Journal {
    file: Mutex<Option<File>>,
}

impl Journal {
    /// Opens the journal of a folder, and gives what it holds.
    pub(super) fn open(folder: Option<&Path>) -> Result<(Self, Vec<Value>), SandboxError> {
        let Some(folder) = folder else {
            return Ok((Self::default(), Vec::new()));
        };
        let failed = |path: PathBuf| move |source| SandboxError::File { path, source };
        std::fs::create_dir_all(folder).map_err(failed(folder.to_owned()))?;
        let path = folder.join(FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(failed(path.clone()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(SandboxError::InUse {
                    path: folder.to_owned(),
                });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(path)(source)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed(path.clone()))?;
        let (entries, whole) = read(&path, &bytes)?;
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(failed(path.clone()))?;
            file.seek(SeekFrom::End(0)).map_err(failed(path))?;
        }
        Ok((
            Self {
                file: Mutex::new(Some(file)),
            },
            entries,
        ))
    }

    /// Whether anything is kept.
    pub(super) fn keeps(&self) -> bool {
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Appends one change.
    pub(super) fn append(&self, entry: &Value) {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = guard.as_mut() else { return };
        let text = entry.to_string();
        let line = format!("{:08x} {text}\n", crc32(text.as_bytes()));
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::error!(%error, "the sandbox's state cannot be written; it ends with the process");
            *guard = None;
        }
    }
}

/// The entries, and the length of the part that is whole.
fn read(path: &Path, bytes: &[u8]) -> Result<(Vec<Value>, usize), SandboxError> {
    let mut entries = Vec::new();
    let mut whole = 0;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    for (index, line) in lines {
        match parse(line) {
            Some(entry) => {
                entries.push(entry);
                whole += line.len();
            }
            None if whole + line.len() == bytes.len() => break,
            None => {
                return Err(SandboxError::Damaged {
                    path: path.to_owned(),
                    line: index + 1,
                });
            }
        }
    }
    Ok((entries, whole))
}

fn parse(line: &[u8]) -> Option<Value> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, text) = line.split_once(' ')?;
    let stated = u32::from_str_radix(sum, 16).ok()?;
    if stated != crc32(text.as_bytes()) {
        return None;
    }
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_appended_is_there_at_the_next_start_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        {
            let (journal, entries) = Journal::open(Some(folder.path())).unwrap();
            assert!(entries.is_empty());
            journal.append(&json!({ "a": 1 }));
            journal.append(&json!({ "b": "é\n" }));
        }
        let path = folder.path().join("sandbox.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"12345678 {\"torn\":").unwrap();
        drop(file);
        {
            let (journal, entries) = Journal::open(Some(folder.path())).unwrap();
            assert_eq!(entries, [json!({ "a": 1 }), json!({ "b": "é\n" })]);
            journal.append(&json!({ "c": 3 }));
        }
        let (_journal, entries) = Journal::open(Some(folder.path())).unwrap();
        assert_eq!(entries.len(), 3);
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_said() {
        let folder = tempfile::tempdir().unwrap();
        {
            let (journal, _) = Journal::open(Some(folder.path())).unwrap();
            journal.append(&json!({ "a": 1 }));
            journal.append(&json!({ "b": 2 }));
        }
        let path = folder.path().join("sandbox.jsonl");
        let text = std::fs::read_to_string(&path)
            .unwrap()
            .replace("\"a\":1", "\"a\":7");
        std::fs::write(&path, text).unwrap();
        let error = Journal::open(Some(folder.path()))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(":1: this line is damaged"), "{error}");
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Journal::open(Some(folder.path())).unwrap();
        assert!(matches!(
            Journal::open(Some(folder.path())),
            Err(SandboxError::InUse { .. })
        ));
    }
}
