//! Real payloads: what services have really sent is read by the readers of the product, without a
//! panic and without a lost row. Rows are counted here independently of them.

mod case;
mod errors;
mod examples;
mod issues;
mod kinds;
mod lists;
mod mutated;
mod records;
mod things;
mod transport;
mod unread;
mod values;
mod webhooks;

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// A recorded body.
struct File {
    /// Folder and name under the data's folder: `jira/issues/x.json`.
    name: String,
    bytes: Vec<u8>,
}

impl File {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn is_json(&self) -> bool {
        self.name.ends_with(".json")
    }
}

/// The folder of the data; none (and a note) where it is not at hand.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn data() -> Option<PathBuf> {
    let data = std::env::var_os("FLOWLINE_SHARED_DATA");
    if data.is_none() {
        println!("skipped: FLOWLINE_SHARED_DATA is not set");
    }
    data.map(|data| PathBuf::from(data).join("payloads"))
}

/// All files but the data's own description, in order; none where the data is not at hand.
fn files() -> Vec<File> {
    let Some(root) = data() else {
        return Vec::new();
    };
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.parent() != Some(&root) {
                files.push(file(&root, &path));
            }
        }
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    assert!(files.len() >= 250, "only {} files", files.len());
    files
}

fn file(root: &Path, path: &Path) -> File {
    let name = path.strip_prefix(root).unwrap().to_str().unwrap();
    File {
        name: name.replace('\\', "/"),
        bytes: std::fs::read(path).unwrap(),
    }
}

/// The files of Jira that are JSON.
fn jira_files() -> Vec<(String, Json)> {
    let files = files().into_iter();
    files
        .filter(|file| file.name.starts_with("jira/") && file.is_json())
        .map(|file| (file.name.clone(), file.json()))
        .collect()
}
