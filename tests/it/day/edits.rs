//! What people do in Jira in a day.

use serde_json::{Value as Json, json};

/// Draws the day's edits.
pub(super) struct Edits {
    pub(super) seed: u64,
    pub(super) made: u64,
}

impl Edits {
    pub(super) fn draw(&mut self, below: usize) -> usize {
        // A linear congruential generator: the same day each time.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.seed >> 33).unwrap() % below
    }

    /// The next one, of issues by their keys and reporters.
    pub(super) fn next(&mut self, issues: &[(String, String)]) -> Json {
        self.made += 1;
        let (key, _) = &issues[self.draw(issues.len())];
        let project = ["SUPPORT", "PRODUCT"][self.draw(2)];
        let reporter = &issues[self.draw(issues.len())].1;
        let status = ["To Do", "In Progress", "Done"][self.draw(3)];
        match self.draw(6) {
            0 => json!({ "create": {
                "project": project, "issue_type": "Bug",
                "summary": format!("Found on the day, {}", self.made),
                "reporter": reporter,
            } }),
            1 => {
                json!({ "fields": { "issue": key, "summary": format!("Said anew, {}", self.made) } })
            }
            2 => json!({ "comment": { "issue": key, "text": "Looking into it", "public": true } }),
            _ => json!({ "status": { "issue": key, "to": status } }),
        }
    }
}
