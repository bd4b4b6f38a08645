//! Why a sandbox does not start.

use std::path::PathBuf;

/// Why a sandbox does not start. All of these are the caller's or the machine's doing.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port cannot be listened on, most often because another process does.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port asked for; 0 is any free one.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the state folder, or the log, cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process has the state folder open.
    #[error("the sandbox's state in {} is in use by another process", path.display())]
    InUse {
        /// The state folder.
        path: PathBuf,
    },
    /// A line of the journal, other than a torn last one, does not have the checksum it states.
    #[error("{}:{line}: this line is damaged; remove the folder to start anew", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// The state was made with another seed or number of issues.
    #[error("the state in {} was made with {made_with}; remove the folder to start anew", path.display())]
    OtherSeed {
        /// The state folder.
        path: PathBuf,
        /// The seed and number of issues that it was made with, in words.
        made_with: String,
    },
}
