//! The state of the emulated site: seeded issues computed when asked for, edits laid over them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::agile::{self, Sprint, Version};
use super::catalog::{PROJECTS, Project};
use super::issue::{self, Description, Issue, Seed};
use super::more;
use super::people::{self, Person};
use super::words;
use super::worklogs::Worklogs;
use crate::sandbox::clock::profile_zone;
use crate::sandbox::random::Random;

/// What the search's index knows of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facet {
    pub(super) index: u32,
    pub(super) number: u32,
    pub(super) project: u8,
    pub(super) kind: u8,
    pub(super) status: u8,
    pub(super) priority: Option<u8>,
    pub(super) resolution: Option<u8>,
    pub(super) tier: Option<u8>,
    pub(super) reporter: u16,
    pub(super) creator: u16,
    pub(super) assignee: Option<u16>,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) resolved: Option<i64>,
}

impl Facet {
    /// The index entry of an issue.
    pub(super) fn of(issue: &Issue) -> Self {
        Self {
            index: issue.index,
            number: issue.number,
            project: issue.project,
            kind: issue.kind,
            status: issue.status,
            priority: issue.priority,
            resolution: issue.resolution,
            tier: issue.tier,
            reporter: issue.reporter,
            creator: issue.creator,
            assignee: issue.assignee,
            created: issue.created,
            updated: issue.updated,
            resolved: issue.resolved,
        }
    }
}

/// An edit that the search does not see yet.
pub(super) struct Pending {
    pub(super) index: u32,
    /// The issue before the edit; nothing where it is new.
    pub(super) before: Option<Issue>,
    /// From when the search does not find the issue at all.
    pub(super) hidden_from: i64,
    /// From when the search sees the edit.
    pub(super) visible_at: i64,
}

/// The site.
pub(super) struct Site {
    pub(super) seed: Seed,
    pub(super) zone: TimeZone,
    pub(super) people: Vec<Person>,
    pub(super) issue_bytes: Option<usize>,
    facets: Vec<Facet>,
    by_project: Vec<Vec<u32>>,
    edited: HashMap<u32, Issue>,
    deleted: HashSet<u32>,
    pending: Vec<Pending>,
    /// Entity properties of comments, by their ids.
    pub(super) comment_properties: HashMap<u64, Map<String, Value>>,
    /// Entity properties of issues, by their indexes.
    pub(super) issue_properties: HashMap<u32, Map<String, Value>>,
    /// Grows with every edit.
    pub(super) version: u64,
    /// The last id given to a history or comment made by an edit.
    pub(super) last_id: u64,
    pub(super) lag: Option<Random>,
    pub(super) worklogs: Worklogs,
    pub(super) versions: Vec<Version>,
    pub(super) sprints: Vec<Sprint>,
    /// New names of projects.
    pub(super) project_names: HashMap<u8, String>,
}

impl Site {
    /// The site as seeded.
    pub(super) fn new(seed: Seed, issue_bytes: Option<usize>, lag: bool) -> Self {
        let mut by_project: Vec<Vec<u32>> = vec![Vec::new(); PROJECTS.len()];
        let mut facets = Vec::with_capacity(seed.issues as usize);
        let mut worklogs = Worklogs::new();
        for index in 0..seed.issues {
            let project = issue::project_of(seed, index);
            let mut number = 1;
            if let Some(numbers) = by_project.get_mut(usize::from(project)) {
                numbers.push(index);
                number = numbers.len() as u32;
            }
            let issue = issue::seeded(seed, index, number);
            worklogs.seed(seed, &issue);
            facets.push(Facet::of(&issue));
        }
        Self {
            seed,
            zone: profile_zone(),
            people: people::people(seed.seed),
            issue_bytes,
            facets,
            by_project,
            edited: HashMap::new(),
            deleted: HashSet::new(),
            pending: Vec::new(),
            comment_properties: HashMap::new(),
            issue_properties: HashMap::new(),
            version: 0,
            last_id: 90_000_000,
            lag: lag.then(|| Random::new(seed.seed, 0x1a6)),
            worklogs,
            versions: agile::versions(seed.epoch),
            sprints: agile::sprints(seed.epoch),
            project_names: HashMap::new(),
        }
    }

    /// The current index entry of an issue.
    pub(super) fn facet(&self, index: u32) -> Option<&Facet> {
        self.facets
            .get(index as usize)
            .filter(|_| !self.deleted.contains(&index))
    }

    /// The issue as it is now.
    pub(super) fn issue(&self, index: u32) -> Option<Cow<'_, Issue>> {
        let facet = self.facet(index)?;
        Some(match self.edited.get(&index) {
            Some(issue) => Cow::Borrowed(issue),
            None => Cow::Owned(issue::seeded(self.seed, index, facet.number)),
        })
    }

    /// The issue that a comment of this id belongs to.
    pub(super) fn commented(&self, id: u64) -> Option<Cow<'_, Issue>> {
        let has = |issue: &Issue| issue.comments.iter().any(|one| one.id == id);
        let of_edits = self.edited.values().find(|issue| has(issue));
        match of_edits {
            Some(issue) => Some(Cow::Borrowed(issue)),
            None => self
                .issue(issue::index_of_number(id)?)
                .filter(|issue| has(issue)),
        }
    }

    /// The entity properties of a comment.
    pub(super) fn properties_of_comment(&self, id: u64) -> impl Iterator<Item = (&str, &Value)> {
        let known = self.comment_properties.get(&id).into_iter().flatten();
        known.map(|(key, value)| (key.as_str(), value))
    }

    /// The index of the issue with this id or key.
    pub(super) fn find(&self, id_or_key: &str) -> Option<u32> {
        let index = match id_or_key.rsplit_once('-') {
            Some((key, number)) => {
                let (project, _) = self
                    .projects()
                    .into_iter()
                    .find(|(_, project)| project.key.eq_ignore_ascii_case(key))?;
                let number: usize = number.parse().ok()?;
                *self.by_project.get(project)?.get(number.checked_sub(1)?)?
            }
            None => u32::try_from(id_or_key.parse::<u64>().ok()?.checked_sub(10_001)?).ok()?,
        };
        self.facet(index).map(|facet| facet.index)
    }

    /// The projects of this site, each with its index.
    pub(super) fn projects(&self) -> Vec<(usize, &'static Project)> {
        let there = self.by_project.iter().enumerate();
        there
            .filter(|(index, numbers)| *index < PROJECTS.len() || !numbers.is_empty())
            .filter_map(|(index, _)| Some((index, more::project(index)?)))
            .collect()
    }

    /// Puts an issue in place that has been there since before the site's first start.
    pub(super) fn add_seeded(&mut self, issue: Issue) {
        let project = usize::from(issue.project);
        if self.by_project.len() <= project {
            self.by_project.resize(project + 1, Vec::new());
        }
        if let Some(numbers) = self.by_project.get_mut(project) {
            numbers.push(issue.index);
        }
        self.worklogs.seed(self.seed, &issue);
        self.facets.push(Facet::of(&issue));
        self.edited.insert(issue.index, issue);
        self.version += 1;
    }

    /// How many issues a project has.
    pub(super) fn issues_of(&self, project: usize) -> usize {
        self.by_project.get(project).map_or(0, |numbers| {
            numbers
                .iter()
                .filter(|index| !self.deleted.contains(index))
                .count()
        })
    }

    /// The description, ADF as JSON.
    pub(super) fn description<'a>(&self, issue: &'a Issue) -> Option<Cow<'a, str>> {
        match &issue.description {
            Description::None => None,
            Description::Given(adf) => Some(Cow::Borrowed(adf)),
            Description::Seeded => {
                // What the rest of an issue takes is left out of the padding.
                let bytes = self
                    .issue_bytes
                    .map(|bytes| bytes.saturating_sub(5_000).max(500));
                Some(Cow::Owned(words::description(
                    self.seed,
                    issue.index,
                    bytes,
                )))
            }
        }
    }

    /// The id and the name that a changelog shows for a person; other text is both.
    pub(super) fn person_text<'a>(&'a self, text: &'a str) -> (&'a str, &'a str) {
        let person = text
            .strip_prefix('\u{1}')
            .and_then(|index| index.parse::<usize>().ok())
            .and_then(|index| self.people.get(index));
        person.map_or((text, text), |person| (&person.account_id, &person.name))
    }

    /// The index entries that the search sees at a time, and with each, where it differs from the
    /// present, the issue as the search still knows it. `fresh` ids are seen as they are.
    pub(super) fn searchable(&self, now: i64, fresh: &[u32]) -> (Vec<Facet>, HashMap<u32, &Issue>) {
        let mut stale: HashMap<u32, Option<&Issue>> = HashMap::new();
        for pending in &self.pending {
            if pending.visible_at > now && !fresh.contains(&pending.index) {
                // The first edit that is not seen yet decides.
                stale.entry(pending.index).or_insert_with(|| {
                    pending
                        .before
                        .as_ref()
                        .filter(|_| pending.hidden_from > now)
                });
            }
        }
        let mut facets = Vec::with_capacity(self.facets.len());
        for facet in &self.facets {
            match stale.get(&facet.index) {
                Some(Some(issue)) => facets.push(Facet::of(issue)),
                Some(None) => {}
                None if self.deleted.contains(&facet.index) => {}
                None => facets.push(*facet),
            }
        }
        let stale = stale
            .into_iter()
            .filter_map(|(index, issue)| Some((index, issue?)))
            .collect();
        (facets, stale)
    }

    /// Whether some edit is not seen by the search yet, and until when.
    pub(super) fn unseen_until(&self, now: i64) -> Option<i64> {
        self.pending
            .iter()
            .map(|pending| pending.visible_at)
            .filter(|at| *at > now)
            .max()
    }

    /// Puts an edited or new issue in place.
    pub(super) fn put(&mut self, issue: Issue, now: i64) {
        let before = self.issue(issue.index).map(Cow::into_owned);
        self.hide(issue.index, before, now);
        let facet = Facet::of(&issue);
        match self.facets.get_mut(issue.index as usize) {
            Some(place) => *place = facet,
            None => {
                self.facets.push(facet);
                if let Some(numbers) = self.by_project.get_mut(usize::from(issue.project)) {
                    numbers.push(issue.index);
                }
            }
        }
        self.edited.insert(issue.index, issue);
        self.version += 1;
    }

    /// Deletes an issue.
    pub(super) fn delete(&mut self, index: u32, now: i64) {
        let before = self.issue(index).map(Cow::into_owned);
        self.hide(index, before, now);
        self.deleted.insert(index);
        self.edited.remove(&index);
        self.version += 1;
    }

    /// The index of the next new issue, and its number within a project.
    pub(super) fn next(&self, project: u8) -> (u32, u32) {
        let numbers = self
            .by_project
            .get(usize::from(project))
            .map_or(0, Vec::len);
        (self.facets.len() as u32, numbers as u32 + 1)
    }

    /// Keeps the search from seeing an edit for some seconds, now and then not even the issue.
    fn hide(&mut self, index: u32, before: Option<Issue>, now: i64) {
        self.pending.retain(|pending| pending.visible_at > now);
        let Some(random) = &mut self.lag else { return };
        let lag = random.between(1_500, 6_000);
        let vanishes = random.chance(0.3);
        self.pending.push(Pending {
            index,
            before,
            hidden_from: if vanishes {
                now + lag * 2 / 3
            } else {
                i64::MAX
            },
            visible_at: now + lag,
        });
    }
}
