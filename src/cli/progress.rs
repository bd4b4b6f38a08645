//! What a run tells, as a person or a script reads it.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;
use crate::engine::{Observer, RunEvent};

/// Shows a run: a line that moves on a terminal, JSON lines for scripts, little elsewhere.
pub(super) struct Progress {
    output: Output,
    bar: ProgressBar,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    read: u64,
    delivered: u64,
    retried: u64,
    dead: u64,
    told: u64,
}

/// How many dead letters of a run are told one by one.
const DEAD_TOLD: u64 = 10;

impl Progress {
    /// Starts to show a run of a pipeline.
    pub(super) fn start(output: &Output, pipeline: &str) -> Self {
        let drawn = output.terminal && !output.quiet && !output.json();
        let bar = ProgressBar::with_draw_target(
            None,
            if drawn {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        let template = if output.colour_talk {
            "{spinner:.cyan} {prefix} {msg} {elapsed:.dim}"
        } else {
            "{spinner} {prefix} {msg} {elapsed}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(pipeline.to_owned());
        if drawn {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self {
            output: output.clone(),
            bar,
            counts: Mutex::default(),
        }
    }

    /// Stops showing.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self
            .counts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut counts);
        let Counts {
            read,
            delivered,
            retried,
            dead,
            ..
        } = *counts;
        let mut text = format!("{read} read, {delivered} delivered");
        if retried > 0 {
            text += ", ";
            text += &retried.to_string();
            text += " tried again";
        }
        if dead > 0 {
            text += ", ";
            text += &dead.to_string();
            text += " dead letters";
        }
        drop(counts);
        self.bar.set_message(text);
    }

    /// A line for people, above the one that moves.
    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| self.output.say(line));
    }
}

impl Observer for Progress {
    fn told(&self, event: RunEvent) {
        if self.output.json() {
            if !matches!(event, RunEvent::Finished { .. })
                && let Ok(line) = serde_json::to_string(&event)
            {
                self.output.result(&line);
            }
            return;
        }
        match event {
            RunEvent::Started {
                taken_over_from: Some(other),
                ..
            } => {
                self.say(&format!("takes over from `{other}`: its events are known"));
            }
            RunEvent::Started { unsettled, .. } if unsettled > 0 => {
                self.say(&format!(
                    "resumes {unsettled} operations that the last run left unsettled"
                ));
            }
            RunEvent::Waiting { holder } => {
                self.say(&format!("waits for {holder}, which runs this pipeline"));
            }
            RunEvent::Page { read, .. } => self.count(|counts| counts.read = read),
            RunEvent::Delivered {
                applied,
                retried,
                failed,
                unknown,
                ..
            } => self.count(|counts| {
                counts.delivered += applied;
                counts.retried += retried + unknown;
                counts.dead += failed;
            }),
            RunEvent::Wait { ms, unsettled } => {
                self.bar.set_message(format!(
                    "waits {} s for {unsettled} unsettled operations",
                    (ms + 999) / 1000
                ));
            }
            RunEvent::Notice { message } => self.say(&format!("note: {message}")),
            RunEvent::Dead {
                record,
                sink,
                reason,
                skipped,
                ..
            } => {
                let what = if skipped { "skipped" } else { "dead letter" };
                let sink = sink.map_or_else(String::new, |sink| format!(" for {sink}"));
                let mut told = 0;
                self.count(|counts| {
                    counts.dead += 1;
                    counts.told += 1;
                    told = counts.told;
                });
                // All of them are kept: the first few say what is wrong.
                if told > DEAD_TOLD && self.output.verbose == 0 {
                    if told == DEAD_TOLD + 1 {
                        self.say("… and more: `flowline dead-letters list` shows all");
                    }
                    return;
                }
                self.say(&format!("{what}: {record}{sink}: {reason}"));
            }
            RunEvent::Started { .. } | RunEvent::Committed { .. } | RunEvent::Finished { .. } => {}
        }
    }
}
