//! An issue as the emulator knows it, and how one is computed from the seed.

use std::borrow::Cow;

use super::catalog::{
    CLOSED, DONE, IN_PROGRESS, IN_REVIEW, LABELS, PRIORITIES, PROJECTS, REOPENED, RESOLUTIONS,
    STATUSES, TO_DO, TYPES, WAITING,
};
use super::more;
use super::people::{AUTOMATION, FREQUENT, REPORTERS, STAFF};
use super::words;
use crate::sandbox::random::Random;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// How far back the oldest issue was created.
const SPAN: i64 = 60 * DAY;
/// The issue whose history is so long that the embedded one is cut.
pub(super) const LONG_HISTORY: u32 = 7;
/// Numbers that each seeded issue's histories and comments may use.
const NUMBERS_AN_ISSUE: u64 = 256;
/// The first seeded history's id.
const FIRST_HISTORY: u64 = 20_000_000;
/// The first seeded comment's id.
const FIRST_COMMENT: u64 = 40_000_000;

/// The index of the issue that a seeded comment's id is of.
pub(super) fn index_of_number(comment: u64) -> Option<u32> {
    u32::try_from(comment.checked_sub(FIRST_COMMENT)? / NUMBERS_AN_ISSUE).ok()
}

/// A text that stands in the code or was made.
pub(super) type Text = Cow<'static, str>;

/// One field's change within a history.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) field: Text,
    pub(super) custom: bool,
    pub(super) field_id: Option<&'static str>,
    pub(super) from: Option<Text>,
    pub(super) from_text: Option<Text>,
    pub(super) to: Option<Text>,
    pub(super) to_text: Option<Text>,
}

/// An entry of the changelog.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) id: u64,
    pub(super) at: i64,
    pub(super) author: u16,
    pub(super) items: Vec<Item>,
}

/// A comment; one that is not public is internal to the service desk's agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: u16,
    pub(super) at: i64,
    /// When it was edited last.
    pub(super) updated: i64,
    pub(super) text: String,
    pub(super) public: bool,
    /// The role that alone may see it.
    pub(super) visibility: Option<String>,
    /// Its document as JSON, where it is more than its text.
    pub(super) adf: Option<String>,
}

/// What the description is.
#[derive(Debug, Clone)]
pub(super) enum Description {
    /// The one that belongs to the seeded issue.
    Seeded,
    /// None.
    None,
    /// ADF as JSON.
    Given(String),
}

/// An issue. Indexes point into the site's tables and people.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) index: u32,
    /// The number after the project's key.
    pub(super) number: u32,
    pub(super) project: u8,
    pub(super) kind: u8,
    pub(super) status: u8,
    pub(super) priority: Option<u8>,
    pub(super) resolution: Option<u8>,
    pub(super) resolved: Option<i64>,
    pub(super) reporter: u16,
    pub(super) creator: u16,
    pub(super) assignee: Option<u16>,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) summary: String,
    pub(super) description: Description,
    pub(super) labels: Vec<Text>,
    pub(super) story_points: Option<f64>,
    pub(super) tier: Option<u8>,
    pub(super) histories: Vec<History>,
    pub(super) comments: Vec<Comment>,
}

impl Issue {
    /// The issue's id.
    pub(super) fn id(&self) -> u64 {
        10_001 + u64::from(self.index)
    }

    /// The issue's key.
    pub(super) fn key(&self) -> String {
        let project = more::project(usize::from(self.project)).map_or("", |project| project.key);
        format!("{project}-{}", self.number)
    }

    /// Moves it to a status in which it stays, as the last thing that happened to it.
    pub(super) fn moved(&mut self, to: u8) {
        let mut items = vec![status_item(self.status, to, Cow::Borrowed("status"))];
        if self.resolution.is_some() {
            items.push(resolution_item(self.resolution, None));
        }
        self.histories.push(History {
            id: 20_000_000 + NUMBERS_AN_ISSUE * u64::from(self.index) + NUMBERS_AN_ISSUE - 1,
            at: self.updated,
            author: 2,
            items,
        });
        (self.status, self.resolution, self.resolved) = (to, None, None);
    }

    /// When its status category changed last.
    pub(super) fn category_changed(&self) -> i64 {
        self.histories
            .iter()
            .rev()
            .find(|history| {
                history
                    .items
                    .iter()
                    .any(|item| item.field_id == Some("status"))
            })
            .map_or(self.created, |history| history.at)
    }
}

/// What seeded issues are computed from.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Seed {
    pub(in crate::sandbox) seed: u64,
    pub(in crate::sandbox) issues: u32,
    /// The time of the first start, before which all seeded things happened.
    pub(in crate::sandbox) epoch: i64,
}

/// The changelog's item of a status change.
pub(super) fn status_item(from: u8, to: u8, field: Text) -> Item {
    let status = |index: u8| more::status(usize::from(index)).unwrap_or(&STATUSES[0]);
    Item {
        field,
        custom: false,
        field_id: Some("status"),
        from: Some(Cow::Borrowed(status(from).id)),
        from_text: Some(Cow::Borrowed(status(from).name)),
        to: Some(Cow::Borrowed(status(to).id)),
        to_text: Some(Cow::Borrowed(status(to).name)),
    }
}

/// The changelog's item of a resolution set or cleared.
pub(super) fn resolution_item(from: Option<u8>, to: Option<u8>) -> Item {
    let name = |index: u8| {
        RESOLUTIONS
            .get(usize::from(index))
            .unwrap_or(&RESOLUTIONS[0])
    };
    Item {
        field: Cow::Borrowed("resolution"),
        custom: false,
        field_id: Some("resolution"),
        from: from.map(|index| Cow::Borrowed(name(index).id)),
        from_text: from.map(|index| Cow::Borrowed(name(index).name)),
        to: to.map(|index| Cow::Borrowed(name(index).id)),
        to_text: to.map(|index| Cow::Borrowed(name(index).name)),
    }
}

/// The changelog's item of another summary.
pub(super) fn summary_item(from: &str, to: &str) -> Item {
    let mut change = item("summary", Some("summary"));
    change.from_text = Some(Cow::Owned(from.to_owned()));
    change.to_text = Some(Cow::Owned(to.to_owned()));
    change
}

/// The changelog's item of another priority.
pub(super) fn priority_item(from: Option<u8>, to: Option<u8>) -> Item {
    let named = |index: u8| PRIORITIES.get(usize::from(index));
    let (from, to) = (from.and_then(named), to.and_then(named));
    let mut change = item("priority", Some("priority"));
    change.from = from.map(|one| Cow::Borrowed(one.id));
    change.from_text = from.map(|one| Cow::Borrowed(one.name));
    change.to = to.map(|one| Cow::Borrowed(one.id));
    change.to_text = to.map(|one| Cow::Borrowed(one.name));
    change
}

/// A plain item.
fn item(field: &'static str, field_id: Option<&'static str>) -> Item {
    Item {
        field: Cow::Borrowed(field),
        custom: field_id.is_some_and(|id| id.starts_with("customfield_")),
        field_id,
        from: None,
        from_text: None,
        to: None,
        to_text: None,
    }
}

/// Which project a seeded issue lies in.
pub(super) fn project_of(seed: Seed, index: u32) -> u8 {
    if index == LONG_HISTORY {
        return 0;
    }
    let mut random = Random::new(seed.seed, 0x1_0000_0000 | u64::from(index));
    random.weighted(&PROJECTS.each_ref().map(|project| project.weight)) as u8
}

/// Computes a seeded issue; `number` is its place within its project.
pub(super) fn seeded(seed: Seed, index: u32, number: u32) -> Issue {
    let project = project_of(seed, index);
    placed(seed, index, number, project, None, index)
}

/// Computes an issue of a project, at a `place` among the seeded ones; what no seeded project has
/// is like customer support.
pub(super) fn placed(
    seed: Seed,
    index: u32,
    number: u32,
    project: u8,
    given: Option<u8>,
    place: u32,
) -> Issue {
    let mut random = Random::new(seed.seed, 0x2_0000_0000 | u64::from(index));
    let itself = project;
    let project = if usize::from(project) < PROJECTS.len() {
        project
    } else {
        0
    };
    let weights = TYPES
        .each_ref()
        .map(|kind| kind.weights[usize::from(project) % 3]);
    let kind = if index == LONG_HISTORY {
        4
    } else {
        let kind = random.weighted(&weights) as u8;
        given.unwrap_or(kind)
    };
    // Creation times grow with the index, as ids do.
    let step = SPAN / i64::from(seed.issues.max(1));
    let start = seed.epoch - SPAN + i64::from(place) * step;
    let created = start + random.between(0, (step - 1).max(0));
    let created = created.min(seed.epoch - 120_000);
    let reporter = reporter(&mut random, project, index);
    let base = NUMBERS_AN_ISSUE * u64::from(index);
    let mut issue = Issue {
        index,
        number,
        project: itself,
        kind,
        status: TO_DO,
        priority: (!random.chance(0.12)).then(|| random.weighted(&[1, 4, 10, 4, 1]) as u8),
        resolution: None,
        resolved: None,
        reporter,
        creator: reporter,
        assignee: None,
        created,
        updated: created,
        summary: words::summary(&mut random, project, kind),
        description: if random.chance(0.08) {
            Description::None
        } else {
            Description::Seeded
        },
        labels: Vec::new(),
        story_points: (matches!(kind, 1 | 4) && random.chance(0.6))
            .then(|| [0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0][random.below(7)]),
        tier: (project == 0 && random.chance(0.8)).then(|| random.weighted(&[2, 5, 6]) as u8),
        histories: Vec::new(),
        comments: Vec::new(),
    };
    for label in LABELS {
        if issue.labels.len() < 3 && random.chance(0.12) {
            issue.labels.push(Cow::Borrowed(label));
        }
    }
    let mut life = Life {
        random,
        at: created,
        end: seed.epoch - 60_000,
        next: FIRST_HISTORY + base,
    };
    if index == LONG_HISTORY {
        life.live_long(&mut issue);
    } else {
        life.live(&mut issue);
    }
    life.talk(&mut issue, FIRST_COMMENT + base);
    let changed = issue.histories.last().map_or(created, |history| history.at);
    let said = issue.comments.last().map_or(created, |comment| comment.at);
    issue.updated = changed.max(said);
    issue
}

/// Who reported the issue: one customer reports a fifth of the tickets, staff most of the rest
/// outside of support.
fn reporter(random: &mut Random, project: u8, index: u32) -> u16 {
    if index == LONG_HISTORY {
        return FREQUENT;
    }
    let from_outside = match project {
        0 => 0.97,
        1 => 0.45,
        _ => 0.05,
    };
    if !random.chance(from_outside) {
        return 2 + random.below(usize::from(STAFF) - 2) as u16;
    }
    if random.chance(0.18) {
        return FREQUENT;
    }
    // Some customers write more often than others.
    let (one, other) = (
        random.below(usize::from(REPORTERS)),
        random.below(usize::from(REPORTERS)),
    );
    STAFF
        + if random.chance(0.4) {
            one.min(other)
        } else {
            one
        } as u16
}

/// What happens to an issue after its creation.
struct Life {
    random: Random,
    at: i64,
    end: i64,
    next: u64,
}

impl Life {
    /// Lets time pass; false where that is beyond the present.
    fn pass(&mut self, shortest: i64, longest: i64) -> bool {
        // Most waits are short, some long.
        let share = self.random.fraction();
        let wait = shortest + ((longest - shortest) as f64 * share * share) as i64;
        self.at += wait.max(1);
        self.at < self.end
    }

    fn record(&mut self, issue: &mut Issue, author: u16, items: Vec<Item>) {
        issue.histories.push(History {
            id: self.next,
            at: self.at,
            author,
            items,
        });
        self.next += 1;
    }

    fn staff(&mut self) -> u16 {
        2 + self.random.below(usize::from(STAFF) - 2) as u16
    }

    /// Moves the issue to a status, with what belongs to that.
    fn go(&mut self, issue: &mut Issue, to: u8, author: u16) {
        // A site's language shows in the changelog's display names, never in the ids.
        let field = if issue.index % 17 == 3 {
            "Statut"
        } else {
            "status"
        };
        let mut items = vec![status_item(issue.status, to, Cow::Borrowed(field))];
        let done = matches!(to, DONE | CLOSED);
        if done && issue.resolution.is_none() {
            let resolution = self.random.weighted(&[14, 2, 2, 2]) as u8;
            items.push(resolution_item(None, Some(resolution)));
            issue.resolution = Some(resolution);
            issue.resolved = Some(self.at);
        } else if !done && issue.resolution.is_some() {
            items.push(resolution_item(issue.resolution, None));
            issue.resolution = None;
            issue.resolved = None;
        }
        issue.status = to;
        self.record(issue, author, items);
    }

    fn assign(&mut self, issue: &mut Issue, to: u16, author: u16) {
        // The account ids are filled in when the item is shown: they belong to the people.
        let mut change = item("assignee", Some("assignee"));
        change.from = issue
            .assignee
            .map(|from| Cow::Owned(format!("\u{1}{from}")));
        change.from_text.clone_from(&change.from);
        change.to = Some(Cow::Owned(format!("\u{1}{to}")));
        change.to_text.clone_from(&change.to);
        issue.assignee = Some(to);
        self.record(issue, author, vec![change]);
    }

    /// The usual life: taken up, worked on, perhaps waited with, reviewed, done, now and then reopened.
    fn live(&mut self, issue: &mut Issue) {
        const HOUR: i64 = 3_600_000;
        if !self.pass(HOUR / 12, 30 * HOUR) {
            return;
        }
        let worker = self.staff();
        let assigner = if self.random.chance(0.5) {
            AUTOMATION
        } else {
            worker
        };
        self.assign(issue, worker, assigner);
        if self.random.chance(0.2) {
            self.side_note(issue, worker);
        }
        if !self.pass(HOUR / 6, 60 * HOUR) {
            return;
        }
        self.go(issue, IN_PROGRESS, worker);
        while self.random.chance(0.45) {
            if !self.pass(HOUR / 4, 48 * HOUR) {
                return;
            }
            self.go(issue, WAITING, worker);
            if !self.pass(HOUR, 96 * HOUR) {
                return;
            }
            self.go(issue, IN_PROGRESS, issue.reporter);
        }
        if self.random.chance(0.5) {
            if !self.pass(HOUR, 72 * HOUR) {
                return;
            }
            self.go(issue, IN_REVIEW, worker);
        }
        if self.random.chance(0.25) {
            return;
        }
        if !self.pass(HOUR / 2, 90 * HOUR) {
            return;
        }
        self.go(issue, DONE, worker);
        if self.random.chance(0.12) {
            if !self.pass(2 * HOUR, 120 * HOUR) {
                return;
            }
            self.go(issue, REOPENED, issue.reporter);
            if !self.pass(HOUR, 80 * HOUR) {
                return;
            }
            self.go(issue, DONE, worker);
        }
        if self.random.chance(0.3) && self.pass(24 * HOUR, 200 * HOUR) {
            self.go(issue, CLOSED, AUTOMATION);
        }
    }

    /// Sixty entries, as of an issue that two teams kept handing back and forth.
    fn live_long(&mut self, issue: &mut Issue) {
        let step = ((self.end - self.at) / 62).max(2);
        for round in 0..60u32 {
            self.at += self.random.between(step / 2, step).max(1);
            let author = self.staff();
            match (round % 6, issue.status) {
                (5, _) => self.side_note(issue, author),
                (_, TO_DO | WAITING | REOPENED) => self.go(issue, IN_PROGRESS, author),
                (1, _) => self.go(issue, IN_REVIEW, author),
                (_, DONE) => self.go(issue, REOPENED, author),
                (3, IN_REVIEW) => self.go(issue, DONE, author),
                _ => self.go(issue, WAITING, author),
            }
        }
    }

    /// A change beside the status: a priority, a label, a rank or a link without a field id.
    fn side_note(&mut self, issue: &mut Issue, author: u16) {
        let change = match self.random.below(4) {
            0 => {
                let to = self.random.below(PRIORITIES.len()) as u8;
                let mut change = item("priority", Some("priority"));
                let named = |index: u8| PRIORITIES.get(usize::from(index));
                let (from, to_named) = (issue.priority.and_then(named), named(to));
                change.from = from.map(|named| Cow::Borrowed(named.id));
                change.from_text = from.map(|named| Cow::Borrowed(named.name));
                change.to = to_named.map(|named| Cow::Borrowed(named.id));
                change.to_text = to_named.map(|named| Cow::Borrowed(named.name));
                issue.priority = Some(to);
                change
            }
            1 => {
                // Labels carry no ids; nothing is an empty text here, not null.
                let mut change = item("labels", Some("labels"));
                change.from_text = Some(Cow::Owned(issue.labels.join(" ")));
                let label = Cow::Borrowed(self.random.word(&LABELS));
                if !issue.labels.contains(&label) {
                    issue.labels.push(label);
                }
                change.to_text = Some(Cow::Owned(issue.labels.join(" ")));
                change
            }
            2 => {
                let mut change = item("Rank", Some("customfield_10019"));
                change.from = Some(Cow::Borrowed(""));
                change.from_text = Some(Cow::Borrowed(""));
                change.to = Some(Cow::Borrowed(""));
                change.to_text = Some(Cow::Borrowed("Ranked higher"));
                change
            }
            _ => {
                let mut change = item("Link", None);
                let other = 10_001 + self.random.below(40);
                change.to = Some(Cow::Owned(format!("OPS-{other}")));
                change.to_text = Some(Cow::Owned(format!("This issue relates to OPS-{other}")));
                change
            }
        };
        self.record(issue, author, vec![change]);
    }

    /// Comments between the creation and now; some are internal.
    fn talk(&mut self, issue: &mut Issue, mut number: u64) {
        let count = match self.random.below(10) {
            0..=3 => 0,
            4..=7 => self.random.below(3) + 1,
            8 => self.random.below(8) + 1,
            _ if issue.index % 11 == 5 => 24,
            _ => 4,
        };
        let mut at = issue.created;
        for round in 0..count {
            let left = (self.end - at) / (count - round) as i64;
            at += self.random.between(1, left.max(1));
            if at >= self.end {
                return;
            }
            let internal = issue.project == 0 && self.random.chance(0.25);
            let author = if internal || round % 2 == 1 {
                self.staff()
            } else {
                issue.reporter
            };
            let text = words::comment(&mut self.random, internal);
            issue.comments.push(Comment {
                id: number,
                author,
                at,
                updated: at,
                text,
                public: !internal,
                visibility: None,
                adf: None,
            });
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed {
        seed: 1,
        issues: 120,
        epoch: 1_780_000_000_000,
    };

    #[test]
    fn an_issue_is_the_same_each_time_and_lies_in_the_past() {
        for index in 0..120 {
            let issue = seeded(SEED, index, 1);
            assert_eq!(
                format!("{issue:?}"),
                format!("{:?}", seeded(SEED, index, 1))
            );
            assert!(issue.created >= SEED.epoch - SPAN && issue.updated < SEED.epoch);
            assert!(issue.histories.is_sorted_by_key(|history| history.at));
            assert!(issue.comments.is_sorted_by_key(|comment| comment.at));
            assert!((issue.histories.len() as u64) < NUMBERS_AN_ISSUE);
            assert_eq!(
                issue.resolution.is_some(),
                matches!(issue.status, DONE | CLOSED)
            );
        }
    }

    #[test]
    fn one_history_is_longer_than_what_is_embedded() {
        assert_eq!(seeded(SEED, LONG_HISTORY, 1).histories.len(), 60);
    }
}
