//! What `serve` says when it begins.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::Server;
use crate::cli::commands::telling::{short_time, table, time};
use crate::server::Listening;

impl Server<'_> {
    /// Says where it listens and what runs when.
    pub(super) fn show(&self, listening: &Listening) {
        let output = &self.work.context.output;
        let address = format!("http://{}", listening.address);
        let plan = |name: &Arc<str>| self.project.plans.get(name);
        let schedule = |name: &Arc<str>| plan(name).and_then(|plan| plan.schedule.clone());
        if output.json() {
            let pipelines: Vec<_> = self
                .timetable
                .all()
                .map(|(name, due)| {
                    json!({ "name": &**name, "schedule": schedule(name), "next_run": due.map(at) })
                })
                .collect();
            output.result_json(&json!({ "listening": address, "pipelines": pipelines }));
            return;
        }
        output.result(&format!("listens on {address}"));
        let rows: Vec<Vec<String>> = self
            .timetable
            .all()
            .map(|(name, due)| {
                vec![
                    name.to_string(),
                    schedule(name).unwrap_or_else(|| "by webhook".to_owned()),
                    due.map_or_else(|| "–".to_owned(), |due| short_time(due.as_millisecond())),
                ]
            })
            .collect();
        if rows.is_empty() {
            output.result("no pipeline runs by itself: none that is on has a `schedule`");
            output.say("write e.g. `schedule: every 5 minutes` in a file of pipelines/");
        } else {
            let header = ["pipeline", "schedule", "next run"];
            output.result(&table(&header, rows));
        }
        output.say("Ctrl-C stops.");
    }
}

fn at(due: Timestamp) -> String {
    time(due.as_millisecond())
}
