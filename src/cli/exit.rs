//! Exit codes, as cli.md of the contract names them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, but some records were dead-lettered, a guard tripped, or some tests differ.
    Incomplete,
    /// The files or the arguments are wrong, or the state belongs to another account.
    Wrong,
    /// A remote system refused: authentication, permission, unreachable.
    Refused,
    /// Interrupted, or operations are still unsettled: run again to resume.
    Unsettled,
    /// `plan --exit-code` found changes.
    Changes,
    /// A defect of flowline.
    Defect,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Incomplete => 1,
            Self::Wrong => 2,
            Self::Refused => 3,
            Self::Unsettled => 4,
            Self::Changes => 5,
            Self::Defect => 70,
        }
    }

    /// The graver of two, for commands over several pipelines.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
