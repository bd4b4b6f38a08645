//! Steps one after the other: how each ended, and which could not be tried.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::cli::quota::Quota;
use crate::http::Failure;

/// How long a step may take.
pub(super) const STEP: Duration = Duration::from_secs(2);

/// How a step ended that was tried: what was found, or what is wrong and what to do.
pub(super) type Ended = Result<String, Wrong>;

/// What is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// What.
    pub(super) detail: String,
    /// What to do.
    pub(super) help: String,
}

impl Wrong {
    /// What is wrong and what to do.
    pub(super) fn new(detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            help: help.into(),
        }
    }
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        let help = failure.help.clone();
        Self::new(
            failure.message,
            help.unwrap_or_else(|| "run again with --log-api-calls".to_owned()),
        )
    }
}

/// A step of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its name.
    pub(super) step: &'static str,
    /// Whether it is well; none where it could not be tried.
    pub(super) ok: Option<bool>,
    /// What was found, or is wrong.
    pub(super) detail: String,
    /// What to do.
    pub(super) help: String,
}

impl Row {
    /// As scripts read it.
    pub(super) fn to_json(&self, connection: &str) -> Json {
        json!({
            "connection": connection,
            "step": self.step,
            "ok": self.ok,
            "detail": self.detail,
            "help": self.help,
        })
    }
}

/// The steps of a connection so far.
#[derive(Default)]
pub(super) struct Steps {
    rows: Vec<Row>,
    /// What the services said meanwhile, and of which connection.
    said: Option<(Arc<Quota>, Arc<str>)>,
    /// The step without which none of the next can be tried.
    blocked_by: Option<&'static str>,
}

impl Steps {
    /// The steps of a connection, whose answers are told there.
    pub(super) fn of(quota: &Arc<Quota>, connection: &Arc<str>) -> Self {
        Self {
            said: Some((Arc::clone(quota), Arc::clone(connection))),
            ..Self::default()
        }
    }

    /// Why what took too long did so: what was answered, and tried again, or no answer at all.
    fn too_late(&self) -> Wrong {
        let said = self.said.as_ref();
        match said.and_then(|(quota, name)| quota.waits_for(name)) {
            Some(reason) => Wrong::new(
                reason,
                "look at the service's status page and run again later; where that stays, check the address, and a proxy or firewall in between",
            ),
            None => Wrong::new(
                format!("no answer within {} s", STEP.as_secs()),
                "check the network, a proxy or firewall in between, and the service's status page",
            ),
        }
    }

    /// Tries a step, for two seconds at most; what is known of it where it is well. Where it
    /// `blocks`, none of the next can be tried after it failed.
    pub(super) async fn tried<T>(
        &mut self,
        step: &'static str,
        blocks: bool,
        work: impl Future<Output = Result<(T, String), Wrong>>,
    ) -> Option<T> {
        if self.not_tried(step) {
            return None;
        }
        // What was said in the step before is no reason.
        if let Some((quota, name)) = &self.said {
            quota.waits_for(name);
        }
        let ended = tokio::time::timeout(STEP, work).await;
        let ended = ended.unwrap_or_else(|_| Err(self.too_late()));
        match ended {
            Ok((value, detail)) => {
                self.push(step, Ok(detail));
                Some(value)
            }
            Err(wrong) => {
                self.push(step, Err(wrong));
                if blocks {
                    self.blocked_by = Some(step);
                }
                None
            }
        }
    }

    /// A step whose end is known; where it failed, the next are tried all the same.
    pub(super) fn known(&mut self, step: &'static str, ended: Ended) {
        if !self.not_tried(step) {
            self.push(step, ended);
        }
    }

    /// Says of the next steps that they could not be tried because of this one.
    pub(super) fn block(&mut self, step: &'static str) {
        self.blocked_by.get_or_insert(step);
    }

    fn not_tried(&mut self, step: &'static str) -> bool {
        let Some(by) = self.blocked_by else {
            return false;
        };
        self.rows.push(Row {
            step,
            ok: None,
            detail: format!("not tried: {by} failed"),
            help: format!("mend {by} first"),
        });
        true
    }

    fn push(&mut self, step: &'static str, ended: Ended) {
        let (ok, detail, help) = match ended {
            Ok(detail) => (true, detail, String::new()),
            Err(wrong) => (false, wrong.detail, wrong.help),
        };
        self.rows.push(Row {
            step,
            ok: Some(ok),
            detail,
            help,
        });
    }

    /// All steps.
    pub(super) fn finish(self) -> Vec<Row> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_that_takes_too_long_ends_and_blocks_the_next() {
        let mut steps = Steps::default();
        let first = steps.tried("resolve", true, async { Ok((7, "found".to_owned())) });
        assert_eq!(first.await, Some(7));
        let slow = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(((), String::new()))
        };
        assert_eq!(steps.tried("tls", true, slow).await, None);
        steps.known("search", Ok("never".to_owned()));
        let rows = steps.finish();
        let ok: Vec<Option<bool>> = rows.iter().map(|row| row.ok).collect();
        assert_eq!(ok, [Some(true), Some(false), None]);
        assert_eq!(rows[2].detail, "not tried: tls failed");
        assert!(rows[0].help.is_empty() && !rows[1].help.is_empty());
    }
}
