//! How a run ends.

use crate::http::{Class, Failure};
use crate::state::StateError;

/// How a run ended.
#[derive(Clone, Debug)]
pub enum End {
    /// All is done.
    Done,
    /// All is done, and there are new dead letters.
    DeadLetters,
    /// A guard tripped: nothing is written, the cursor is where it was.
    Guarded {
        /// Which one and why, in one sentence.
        reason: String,
    },
    /// `on_error: stop`: what came before is delivered.
    Stopped {
        /// What happened.
        reason: String,
    },
    /// A remote system refused.
    Failed(Failure),
    /// Interrupted by the user.
    Interrupted,
    /// Operations are unsettled: run again to resume.
    Unsettled,
    /// Another process runs the pipeline.
    Busy {
        /// The process.
        holder: String,
    },
    /// The state refuses or cannot.
    State(StateError),
    /// What had to be set aside could not be kept.
    SetAside {
        /// Why.
        reason: String,
    },
}

impl End {
    /// The command's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::DeadLetters | Self::Guarded { .. } | Self::Stopped { .. } => 1,
            Self::Failed(failure) => match failure.class {
                Class::Interrupted => 4,
                // What the file asks for is not taken: a query, not a credential.
                Class::Rejected => 2,
                _ => 3,
            },
            Self::Interrupted | Self::Unsettled | Self::Busy { .. } | Self::SetAside { .. } => 4,
            Self::State(error) => error.exit_code(),
        }
    }

    /// The end in one word, for `status`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::DeadLetters => "dead_letters",
            Self::Guarded { .. } => "guarded",
            Self::Stopped { .. } => "stopped",
            Self::Failed(_) => "failed",
            Self::Interrupted => "interrupted",
            Self::Unsettled => "unsettled",
            Self::Busy { .. } => "busy",
            Self::State(_) | Self::SetAside { .. } => "state",
        }
    }
}

impl From<StateError> for End {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// A failure keeps its words on the way up.
impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        match failure.class {
            Class::Interrupted => Self::Interrupted,
            _ => Self::Failed(failure),
        }
    }
}
