//! What each field of JQL is: how its values are named and how an issue answers it.

use super::super::agile;
use super::super::catalog::{CATEGORIES, FIELDS, PRIORITIES, RESOLUTIONS, TIERS};
use super::super::more;
use super::super::site::{Facet, Site};

/// A field whose values are a closed set, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum SetField {
    Project,
    Type,
    Status,
    Category,
    Priority,
    Resolution,
    Reporter,
    Assignee,
    Creator,
    Tier,
}

/// A field that holds a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum DateField {
    Created,
    Updated,
    Resolved,
    Due,
}

/// A field that JQL knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum KnownField {
    Set(SetField),
    Date(DateField),
    Key,
    Labels,
    /// `summary`, `description`, `comment`, `text`.
    Words(&'static str),
    StoryPoints,
    Milestone(Milestone),
    /// One that no issue of the site has a value for.
    Void,
}

/// A field that holds what an issue is to be done by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Milestone {
    Sprint,
    FixVersion,
}

/// The field of this name, in any case.
pub(super) fn field(name: &str) -> Option<KnownField> {
    use KnownField::{Date, Key, Labels, Set, StoryPoints, Void, Words};
    use Milestone::{FixVersion, Sprint};

    let lower = name.trim().to_lowercase();
    Some(match lower.as_str() {
        "project" => Set(SetField::Project),
        "issuetype" | "type" | "issue type" => Set(SetField::Type),
        "status" => Set(SetField::Status),
        "statuscategory" | "status category" => Set(SetField::Category),
        "priority" => Set(SetField::Priority),
        "resolution" => Set(SetField::Resolution),
        "reporter" => Set(SetField::Reporter),
        "assignee" => Set(SetField::Assignee),
        "creator" => Set(SetField::Creator),
        "customer tier" | "cf[10051]" | "customer tier[dropdown]" => Set(SetField::Tier),
        "created" | "createddate" => Date(DateField::Created),
        "updated" | "updateddate" => Date(DateField::Updated),
        "resolved" | "resolutiondate" => Date(DateField::Resolved),
        "due" | "duedate" | "due date" => Date(DateField::Due),
        "key" | "issuekey" | "issue" | "id" => Key,
        "labels" => Labels,
        "summary" => Words("summary"),
        "description" => Words("description"),
        "comment" => Words("comment"),
        "text" => Words("text"),
        "story points" | "cf[10016]" => StoryPoints,
        "sprint" | "cf[10020]" => KnownField::Milestone(Sprint),
        "fixversion" => KnownField::Milestone(FixVersion),
        "affectedversion" | "component" | "parent" | "severity" | "watcher" | "voter" | "level"
        | "environment" | "attachments" => Void,
        _ if FIELDS.iter().any(|field| {
            field.name.eq_ignore_ascii_case(&lower)
                || field
                    .custom()
                    .is_some_and(|number| lower == format!("cf[{number}]"))
        }) =>
        {
            Void
        }
        _ => return None,
    })
}

impl Milestone {
    /// The ids of a sprint or of versions by their id or name; one that is not there is none.
    pub(super) fn named(self, site: &Site, text: &str) -> Vec<u64> {
        match self {
            Self::Sprint => agile::sprints_named(site, text),
            Self::FixVersion => agile::versions_named(site, text),
        }
    }

    /// The issue's.
    pub(super) fn of(self, facet: &Facet) -> Option<u64> {
        match self {
            Self::Sprint => agile::sprint_of(facet.project, facet.index),
            Self::FixVersion => agile::version_of(facet.project, facet.index),
        }
    }
}

impl SetField {
    /// The index of a value by its name, key or id.
    pub(super) fn value(self, site: &Site, text: &str) -> Vec<u16> {
        let same = |name: &str| name.eq_ignore_ascii_case(text);
        let found: Vec<usize> = match self {
            Self::Project => site
                .projects()
                .into_iter()
                .filter(|(_, p)| same(p.key) || same(p.name) || p.id == text)
                .map(|(index, _)| index)
                .collect(),
            Self::Type => at(more::types().into_iter(), |t| same(t.name) || t.id == text),
            Self::Status => at(more::statuses().into_iter(), |s| {
                same(s.name) || s.id == text
            }),
            Self::Category => at(CATEGORIES.iter(), |c| {
                same(c.name) || same(c.key) || c.id.to_string() == text
            }),
            Self::Priority => at(PRIORITIES.iter(), |p| same(p.name) || p.id == text),
            Self::Resolution => at(RESOLUTIONS.iter(), |r| same(r.name) || r.id == text),
            Self::Tier => at(TIERS.iter(), |(id, name)| same(name) || *id == text),
            Self::Reporter | Self::Assignee | Self::Creator => at(site.people.iter(), |person| {
                person.account_id == text
                    || person.name.to_lowercase() == text.to_lowercase()
                    || person.address().is_some_and(same)
            }),
        };
        found
            .into_iter()
            .filter_map(|index| u16::try_from(index).ok())
            .collect()
    }

    /// The value.
    pub(super) fn of(self, facet: &Facet) -> Option<u16> {
        match self {
            Self::Project => Some(facet.project.into()),
            Self::Type => Some(facet.kind.into()),
            Self::Status => Some(facet.status.into()),
            Self::Category => more::status(usize::from(facet.status))
                .and_then(|status| u16::try_from(status.category).ok()),
            Self::Priority => facet.priority.map(u16::from),
            Self::Resolution => facet.resolution.map(u16::from),
            Self::Tier => facet.tier.map(u16::from),
            Self::Reporter => Some(facet.reporter),
            Self::Creator => Some(facet.creator),
            Self::Assignee => facet.assignee,
        }
    }

    /// Whether `<` and its kin are allowed.
    pub(super) fn ordered(self) -> bool {
        self == Self::Priority
    }
}

fn at<T>(items: impl Iterator<Item = T>, is: impl Fn(&T) -> bool) -> Vec<usize> {
    items
        .enumerate()
        .filter(|(_, item)| is(item))
        .map(|(index, _)| index)
        .collect()
}

impl DateField {
    /// The time, in epoch milliseconds.
    pub(super) fn of(self, facet: &Facet) -> Option<i64> {
        match self {
            Self::Created => Some(facet.created),
            Self::Updated => Some(facet.updated),
            Self::Resolved => facet.resolved,
            Self::Due => None,
        }
    }
}
