//! Projects, issue types and statuses beside the seeded ones: those that a user's own pipelines
//! name, so that they find something to read.
//!
//! Their definitions belong to the process, as the seeded ones do, so that an index into the
//! tables means the same everywhere; which project a site has is the site's own.

use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::catalog::{IssueType, PROJECTS, Project, STATUSES, Status, TYPES};
use super::issue;
use super::site::Site;

/// How many issues a new project has of each type that is named; without types in all.
const A_TYPE: usize = 4;
const AT_LEAST: usize = 12;
/// Where the ids of what is added begin.
const FIRST_ID: usize = 20_000;

/// What a site is to have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct More {
    /// Keys of projects.
    pub(in crate::sandbox) projects: Vec<String>,
    /// Names of issue types.
    pub(in crate::sandbox) types: Vec<String>,
    /// Names of statuses.
    pub(in crate::sandbox) statuses: Vec<String>,
}

struct Tables {
    projects: Vec<&'static Project>,
    types: Vec<&'static IssueType>,
    statuses: Vec<&'static Status>,
}

static TABLES: RwLock<Tables> = RwLock::new(Tables {
    projects: Vec::new(),
    types: Vec::new(),
    statuses: Vec::new(),
});

fn table<R>(read: impl FnOnce(&Tables) -> R) -> R {
    read(&TABLES.read().unwrap_or_else(PoisonError::into_inner))
}

/// The project with an index.
pub(super) fn project(index: usize) -> Option<&'static Project> {
    let more = |tables: &Tables| tables.projects.get(index - PROJECTS.len()).copied();
    PROJECTS.get(index).or_else(|| table(more))
}

/// The issue type with an index.
pub(super) fn issue_type(index: usize) -> Option<&'static IssueType> {
    let more = |tables: &Tables| tables.types.get(index - TYPES.len()).copied();
    TYPES.get(index).or_else(|| table(more))
}

/// The status with an index.
pub(super) fn status(index: usize) -> Option<&'static Status> {
    let more = |tables: &Tables| tables.statuses.get(index - STATUSES.len()).copied();
    STATUSES.get(index).or_else(|| table(more))
}

/// All issue types.
pub(super) fn types() -> Vec<&'static IssueType> {
    let more = table(|tables| tables.types.clone());
    TYPES.iter().chain(more).collect()
}

/// All statuses.
pub(super) fn statuses() -> Vec<&'static Status> {
    let more = table(|tables| tables.statuses.clone());
    STATUSES.iter().chain(more).collect()
}

/// All projects of all sites.
fn projects() -> Vec<&'static Project> {
    let more = table(|tables| tables.projects.clone());
    PROJECTS.iter().chain(more).collect()
}

/// The index of a project, which is made where it is new; none where the tables are full.
fn project_of(key: &str) -> Option<u8> {
    let all = projects();
    let known = all
        .iter()
        .position(|known| known.key.eq_ignore_ascii_case(key));
    let index = known.unwrap_or(all.len());
    if known.is_none() {
        let project = Project {
            id: leaked((FIRST_ID + index).to_string()),
            key: leaked(key.to_uppercase()),
            name: leaked(key.to_owned()),
            kind: "service_desk",
            weight: 0,
        };
        let mut tables = TABLES.write().unwrap_or_else(PoisonError::into_inner);
        tables.projects.push(Box::leak(Box::new(project)));
    }
    u8::try_from(index).ok()
}

fn type_of(name: &str) -> Option<u8> {
    let all = types();
    let known = all
        .iter()
        .position(|known| known.name.eq_ignore_ascii_case(name));
    let index = known.unwrap_or(all.len());
    if known.is_none() {
        let kind = IssueType {
            id: leaked((FIRST_ID + index).to_string()),
            name: leaked(name.to_owned()),
            description: "",
            level: 0,
            weights: [0; 3],
        };
        let mut tables = TABLES.write().unwrap_or_else(PoisonError::into_inner);
        tables.types.push(Box::leak(Box::new(kind)));
    }
    u8::try_from(index).ok()
}

fn status_of(name: &str) -> Option<u8> {
    let all = statuses();
    let known = all
        .iter()
        .position(|known| known.name.eq_ignore_ascii_case(name));
    let index = known.unwrap_or(all.len());
    if known.is_none() {
        let status = Status {
            id: leaked((FIRST_ID + index).to_string()),
            name: leaked(name.to_owned()),
            category: STATUSES[usize::from(super::catalog::WAITING)].category,
        };
        let mut tables = TABLES.write().unwrap_or_else(PoisonError::into_inner);
        tables.statuses.push(Box::leak(Box::new(status)));
    }
    u8::try_from(index).ok()
}

/// Definitions are few, named by files, and needed until the process ends.
fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn lacks(name: &str, mut known: impl Iterator<Item = &'static str>) -> bool {
    known.all(|known| !known.eq_ignore_ascii_case(name))
}

impl More {
    /// What of this a site lacks; none where it has all.
    pub(super) fn lacking(&self, site: &Site) -> Option<Self> {
        let mut projects = self.projects.clone();
        let there = site.projects();
        projects.retain(|key| {
            let names = there
                .iter()
                .flat_map(|(_, one)| [one.key, one.name, one.id]);
            lacks(key, names)
        });
        let mut kinds = self.types.clone();
        let there = types();
        kinds.retain(|name| lacks(name, there.iter().flat_map(|one| [one.name, one.id])));
        let mut states = self.statuses.clone();
        let there = statuses();
        states.retain(|name| lacks(name, there.iter().flat_map(|one| [one.name, one.id])));
        if projects.is_empty() && kinds.is_empty() && states.is_empty() {
            return None;
        }
        // A new project has issues of all the types that are named, a new type in all projects.
        let all_projects = if kinds.is_empty() && states.is_empty() {
            projects
        } else {
            self.projects.clone()
        };
        Some(Self {
            projects: all_projects,
            types: if kinds.is_empty() {
                self.types.clone()
            } else {
                kinds
            },
            statuses: states,
        })
    }

    /// Gives it to a site, with issues of its own, all older than the site's first start.
    pub(super) fn extend(&self, site: &mut Site) {
        let kinds: Vec<u8> = self.types.iter().filter_map(|name| type_of(name)).collect();
        let states: Vec<u8> = self
            .statuses
            .iter()
            .filter_map(|name| status_of(name))
            .collect();
        let mut all: Vec<u8> = self
            .projects
            .iter()
            .filter_map(|key| project_of(key))
            .collect();
        if all.is_empty() {
            all.push(0);
        }
        for project in all {
            let count = (kinds.len() * A_TYPE).max(AT_LEAST);
            for place in 0..count {
                let kind = kinds.get(place % kinds.len().max(1)).copied();
                let (index, number) = site.next(project);
                let at = place as u32 * site.seed.issues / count as u32;
                let mut issue = issue::placed(site.seed, index, number, project, kind, at);
                let state = states.get(place).copied();
                if let Some(state) = state {
                    issue.moved(state);
                }
                site.add_seeded(issue);
            }
        }
    }
}
