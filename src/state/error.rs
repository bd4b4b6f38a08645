//! What can be wrong with the state, each with what to do about it.

use std::sync::Arc;

/// The state refuses or cannot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The user's mistake: the project now points at another account.
    #[error(
        "connection `{connection}` is account {now}, but the state {path} was made with account {bound}"
    )]
    OtherAccount {
        /// The state's file.
        path: Arc<str>,
        /// The connection's name.
        connection: String,
        /// The account that the state was made with.
        bound: String,
        /// The account that the connection has now.
        now: String,
    },
    /// The file was written by a newer flowline.
    #[error("the state {path} has format {found}; this flowline knows formats up to {known}")]
    Newer {
        /// The state's file.
        path: Arc<str>,
        /// Its format.
        found: i64,
        /// The newest format that is known.
        known: i64,
    },
    /// The file is something else.
    #[error("{path} is not a state of flowline")]
    NotAState {
        /// The file.
        path: Arc<str>,
    },
    /// The key opens nothing of what is sealed in the state.
    #[error("the key is not the one that the secrets in the state {path} are sealed with")]
    WrongKey {
        /// The state's file.
        path: Arc<str>,
    },
    /// A row does not match its checksum, or the database is damaged.
    #[error("the state {path} is damaged: {what}")]
    Damaged {
        /// The state's file.
        path: Arc<str>,
        /// Which row, or what the database says. Holds no value of a record.
        what: String,
    },
    /// Another process took the pipeline over, because this one did not renew its lease.
    #[error("pipeline `{pipeline}` was taken over by another process")]
    LeaseLost {
        /// The pipeline.
        pipeline: Arc<str>,
    },
    /// The pipeline is being run.
    #[error("pipeline `{pipeline}` is being run by {holder}")]
    Busy {
        /// The pipeline.
        pipeline: Arc<str>,
        /// The process, as it described itself.
        holder: String,
    },
    /// No room on the disk.
    #[error("no room on the disk for the state {path}")]
    Full {
        /// The state's file.
        path: Arc<str>,
    },
    /// There is no such thing: a dead letter's number, a pipeline without state.
    #[error("{what}")]
    NotFound {
        /// What is not there.
        what: String,
    },
    /// The database cannot be opened, read or written.
    #[error("cannot use the state {path}: {message}")]
    Storage {
        /// The state's file.
        path: Arc<str>,
        /// The system's words.
        message: String,
    },
}

impl StateError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::OtherAccount { .. } => "give the other account a state of its own: an \
                 environment (`--env`), or another path under `state: { sqlite: { path: … } }` in \
                 flowline.yaml; or point the connection back at the account"
                .into(),
            Self::Newer { .. } => "use the flowline that wrote it, or a newer one".into(),
            Self::WrongKey { .. } => {
                "bring back the FLOWLINE_KEY or .flowline/key that was there; \
                 where it is lost, so are the secrets: give the project a state of another path, \
                 and set and connect anew"
                    .into()
            }
            Self::NotAState { path } => format!(
                "set `state: {{ sqlite: {{ path: … }} }}` in flowline.yaml to a path that does \
                 not exist yet, or move {path} away"
            ),
            Self::Damaged { path, .. } => format!(
                "restore {path} from a backup; without one, move it away and run again: what was \
                 sent before is then not known, so look at `flowline plan` first"
            ),
            Self::LeaseLost { .. } => {
                "nothing is lost: the other process goes on; run again when it has ended".into()
            }
            Self::Busy { .. } => "wait until it has ended, then try again".into(),
            Self::Full { path } => {
                format!("make room on the disk that holds {path}, then run again to resume")
            }
            Self::NotFound { .. } => {
                "`flowline dead-letters list` and `flowline state show` list what there is".into()
            }
            Self::Storage { path, .. } => {
                format!("check that {path} and its folder can be read and written")
            }
        }
    }

    /// The exit code of a command that ends with it: 2 where the files or arguments are wrong, 4
    /// where running again resumes, 1 otherwise.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::LeaseLost { .. } | Self::Busy { .. } | Self::Full { .. } => 4,
            _ => 2,
        }
    }
}
