//! Edits of the project's files, found by looking: that works on every file system.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::cli::context::Context;
use crate::project::PROJECT_FILE;

/// How often the files are looked at. An edit is taken once they are the same twice.
const LOOK: Duration = Duration::from_secs(1);

/// Looks at a project's files.
pub(super) struct Watch {
    root: PathBuf,
    env_file: PathBuf,
    taken: u64,
    seen: u64,
    /// Outlives a wait that something else has ended.
    looks: Interval,
}

impl Watch {
    /// Begins with the files as they are.
    pub(super) fn new(context: &Context, root: &Path) -> Self {
        let env_file = context.global.env_file.clone();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Self {
            root: root.to_owned(),
            env_file: env_file.unwrap_or_else(|| root.join(".env")),
            taken: 0,
            seen: 0,
            looks,
        };
        watch.take();
        watch
    }

    /// The files as they are now are known.
    pub(super) fn take(&mut self) {
        self.seen = self.look();
        self.taken = self.seen;
    }

    /// Ends once the files have changed, and are not being written any more.
    pub(super) async fn changed(&mut self) {
        loop {
            self.looks.tick().await;
            let now = self.look();
            let settled = now == self.seen;
            self.seen = now;
            if settled && now != self.taken {
                self.taken = now;
                return;
            }
        }
    }

    /// All names and contents as one number.
    fn look(&self) -> u64 {
        let mut files = vec![self.root.join(PROJECT_FILE), self.env_file.clone()];
        for folder in ["pipelines", "catalog"] {
            let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
            files.extend(entries.flatten().map(|entry| entry.path()));
        }
        files.sort();
        let mut hash = DefaultHasher::new();
        for file in files {
            if let Ok(text) = fs::read(&file) {
                file.hash(&mut hash);
                text.hash(&mut hash);
            }
        }
        hash.finish()
    }
}
