//! How a sandbox is started.

use std::path::PathBuf;

use super::clock::Clock;
use super::faults::Faults;

/// How a sandbox is started. [`Options::new`] gives the usual ones.
pub struct Options {
    /// What everything that looks random is drawn from.
    pub seed: u64,
    /// How many issues the Jira site starts with.
    pub issues: usize,
    /// The port of Jira on 127.0.0.1; 0 is any free one.
    pub jira_port: u16,
    /// The port of Brevo on 127.0.0.1; 0 is any free one.
    pub brevo_port: u16,
    /// The faults to begin with.
    pub faults: Faults,
    /// Whether the services' rate limits are kept.
    pub limits: bool,
    /// Whether an edit takes some seconds until the search sees it.
    pub index_lag: bool,
    /// A file to which every exchange is appended as a JSON line.
    pub log: Option<PathBuf>,
    /// A folder in which both services' state is kept, so that a second start sees what the
    /// first did, also after a kill. Without it the state ends with the sandbox.
    pub state: Option<PathBuf>,
    /// The clock that the services go by.
    pub clock: Clock,
    /// Pads each issue's description so that the issue is about this many bytes as JSON.
    pub issue_bytes: Option<usize>,
}

impl Options {
    /// 120 issues of seed 1 on any free ports, with limits and index lag, without faults, log and
    /// state.
    pub fn new(clock: Clock) -> Self {
        Self {
            seed: 1,
            issues: 120,
            jira_port: 0,
            brevo_port: 0,
            faults: Faults::none(),
            limits: true,
            index_lag: true,
            log: None,
            state: None,
            clock,
            issue_bytes: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Options")
            .field("seed", &self.seed)
            .field("issues", &self.issues)
            .field("jira_port", &self.jira_port)
            .field("brevo_port", &self.brevo_port)
            .field("faults", &self.faults)
            .field("limits", &self.limits)
            .field("index_lag", &self.index_lag)
            .field("log", &self.log)
            .field("state", &self.state)
            .field("issue_bytes", &self.issue_bytes)
            .finish_non_exhaustive()
    }
}
