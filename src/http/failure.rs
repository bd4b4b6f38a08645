//! The one taxonomy of what goes wrong with a remote system; it decides all retries.

use std::fmt;
use std::time::Duration;

/// A call that did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Failure {
    /// What kind of trouble.
    pub class: Class,
    /// What happened, in one sentence: the service, the call, its answer. No secret and no value
    /// of a record.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The answer's status, where there was an answer.
    pub status: Option<u16>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// Which calls it holds back, where it is a refusal for asking too often.
    pub holds: Holds,
}

/// Which calls a refusal for asking too often holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Holds {
    /// The one that was refused: what it is about was asked for too often.
    Call,
    /// All of its endpoint family.
    #[default]
    Family,
    /// All that the credential makes: its quota is spent.
    All,
}

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The name does not resolve, the connection is refused, TLS fails: certainly not applied.
    Unreachable,
    /// Who asks is not known (401, a dead credential that answers 200 with nothing).
    Authentication,
    /// Who asks may not (403, a missing scope, an IP allow-list).
    Permission,
    /// 404: missing, or forbidden to see.
    NotFound,
    /// 410, or a path that the service no longer has: a defect of this program.
    Gone,
    /// The request is wrong (400, 413, 415, 422): a record's fault, or the pipeline's.
    Rejected,
    /// 409, 423, 425: try again.
    Busy,
    /// 429: try again after a wait.
    RateLimited,
    /// 402, plan gates: the account lacks credits or the feature.
    Payment,
    /// 5xx and their like: may have been applied.
    Unavailable,
    /// No answer in time: may have been applied.
    Timeout,
    /// The answer was cut, or is not what it should be (HTML instead of JSON): may have been applied.
    BrokenAnswer,
    /// Interrupted by the user before it was sent.
    Interrupted,
}

/// What is known of the effect of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It certainly had none.
    None,
    /// It may have had one.
    Unknown,
}

impl Failure {
    /// A failure with what happened.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            help: None,
            status: None,
            retry_after: None,
            holds: Holds::default(),
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// True where the same call may work later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self.class,
            Class::Unreachable
                | Class::Busy
                | Class::RateLimited
                | Class::Unavailable
                | Class::Timeout
                | Class::BrokenAnswer
        )
    }

    /// What is known of its effect.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match self.class {
            Class::Unavailable | Class::Timeout | Class::BrokenAnswer => Effect::Unknown,
            _ => Effect::None,
        }
    }

    /// True where the whole run ends: every further call would fail alike.
    #[must_use]
    pub const fn ends_the_run(&self) -> bool {
        matches!(
            self.class,
            Class::Authentication
                | Class::Permission
                | Class::Gone
                | Class::Payment
                | Class::Interrupted
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
