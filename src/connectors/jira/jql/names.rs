//! What Jira's fields and functions are called, and what each can be asked.

/// What a field holds, as far as it decides what may be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// One of the site's projects, types, statuses …: by name, key or id.
    Choice,
    /// As a choice, in an order: priorities.
    Ranked,
    /// A user.
    Person,
    /// Texts without blanks.
    Labels,
    /// Several components.
    Components,
    /// Several versions, which have an order.
    Versions,
    /// A time.
    Time,
    /// A day.
    Day,
    /// The issue itself, by key or id.
    Issue,
    /// Text that is searched by words.
    Text,
    /// A number.
    Number,
    /// What only Jira can answer.
    Elsewhere,
}

/// A field of Jira.
#[derive(Debug)]
pub(super) struct Known {
    /// Its names in lower case; the first is the one that is suggested.
    pub(super) names: &'static [&'static str],
    pub(super) kind: Kind,
    /// Where its value stands in an issue, below `fields`.
    pub(super) path: &'static [&'static str],
}

const fn known(names: &'static [&'static str], kind: Kind, path: &'static [&'static str]) -> Known {
    Known { names, kind, path }
}

const FIELDS: &[Known] = &[
    known(&["project", "space"], Kind::Choice, &["project"]),
    known(
        &["category", "project category"],
        Kind::Choice,
        &["project", "projectCategory"],
    ),
    known(
        &["issuetype", "type", "issue type", "worktype", "work type"],
        Kind::Choice,
        &["issuetype"],
    ),
    known(&["status"], Kind::Choice, &["status"]),
    known(
        &["statuscategory", "status category"],
        Kind::Choice,
        &["status", "statusCategory"],
    ),
    known(&["priority"], Kind::Ranked, &["priority"]),
    known(&["resolution"], Kind::Choice, &["resolution"]),
    known(&["level", "security level"], Kind::Choice, &["security"]),
    known(&["parent"], Kind::Choice, &["parent"]),
    known(&["assignee"], Kind::Person, &["assignee"]),
    known(&["reporter"], Kind::Person, &["reporter"]),
    known(&["creator"], Kind::Person, &["creator"]),
    known(&["labels"], Kind::Labels, &["labels"]),
    known(&["component"], Kind::Components, &["components"]),
    known(
        &["fixversion", "fix version", "fix version/s"],
        Kind::Versions,
        &["fixVersions"],
    ),
    known(
        &["affectedversion", "affects version", "affects version/s"],
        Kind::Versions,
        &["versions"],
    ),
    known(&["created", "createddate"], Kind::Time, &["created"]),
    known(&["updated", "updateddate"], Kind::Time, &["updated"]),
    known(
        &["resolved", "resolutiondate"],
        Kind::Time,
        &["resolutiondate"],
    ),
    known(
        &["statuscategorychangeddate", "status category changed"],
        Kind::Time,
        &["statuscategorychangedate"],
    ),
    known(&["due", "duedate", "due date"], Kind::Day, &["duedate"]),
    known(
        &["key", "issuekey", "issue", "id", "workitem", "work item"],
        Kind::Issue,
        &[],
    ),
    known(&["summary"], Kind::Text, &["summary"]),
    known(&["description"], Kind::Text, &["description"]),
    known(&["environment"], Kind::Text, &["environment"]),
    known(&["comment"], Kind::Text, &["comment"]),
    known(&["text", "textfields"], Kind::Text, &[]),
    known(&["votes"], Kind::Number, &["votes", "votes"]),
    known(&["watchers"], Kind::Number, &["watches", "watchCount"]),
    known(&["workratio"], Kind::Number, &["workratio"]),
    known(
        &["projecttype"],
        Kind::Choice,
        &["project", "projectTypeKey"],
    ),
    known(&["approvals"], Kind::Elsewhere, &[]),
    known(&["approver", "approvers"], Kind::Elsewhere, &[]),
    known(&["attachments"], Kind::Elsewhere, &[]),
    known(
        &["customer request type", "request type"],
        Kind::Elsewhere,
        &[],
    ),
    known(&["development"], Kind::Elsewhere, &[]),
    known(&["epic link"], Kind::Elsewhere, &[]),
    known(&["epic name"], Kind::Elsewhere, &[]),
    known(&["epic status"], Kind::Elsewhere, &[]),
    known(
        &["filter", "request", "savedfilter", "searchrequest"],
        Kind::Elsewhere,
        &[],
    ),
    known(&["hierarchylevel"], Kind::Elsewhere, &[]),
    known(&["issuelink", "issuelinktype"], Kind::Elsewhere, &[]),
    known(&["lastviewed"], Kind::Elsewhere, &[]),
    known(&["organizations"], Kind::Elsewhere, &[]),
    known(
        &["originalestimate", "timeoriginalestimate"],
        Kind::Elsewhere,
        &[],
    ),
    known(&["parentepic"], Kind::Elsewhere, &[]),
    known(&["parentproject"], Kind::Elsewhere, &[]),
    known(&["rank"], Kind::Elsewhere, &[]),
    known(&["remainingestimate", "timeestimate"], Kind::Elsewhere, &[]),
    known(&["request-channel-type"], Kind::Elsewhere, &[]),
    known(&["request-last-activity-time"], Kind::Elsewhere, &[]),
    known(&["sprint"], Kind::Elsewhere, &[]),
    known(&["timespent"], Kind::Elsewhere, &[]),
    known(&["voter"], Kind::Elsewhere, &[]),
    known(&["watcher"], Kind::Elsewhere, &[]),
    known(&["worklogauthor"], Kind::Elsewhere, &[]),
    known(&["worklogcomment"], Kind::Elsewhere, &[]),
    known(&["worklogdate"], Kind::Elsewhere, &[]),
    known(&["issue.property"], Kind::Elsewhere, &[]),
    known(&["project.property"], Kind::Elsewhere, &[]),
];

/// Functions of Jira and its products; apps bring further ones.
const FUNCTIONS: &[&str] = &[
    "approved",
    "approver",
    "breached",
    "cascadeOption",
    "childIssuesOf",
    "choiceOption",
    "closedSprints",
    "completed",
    "componentsLeadByUser",
    "currentLogin",
    "currentUser",
    "customerDetail",
    "earliestUnreleasedVersion",
    "elapsed",
    "endOfDay",
    "endOfMonth",
    "endOfWeek",
    "endOfYear",
    "entitlementDetail",
    "entitlementProduct",
    "everbreached",
    "futureSprints",
    "issueHistory",
    "issuesWithRemoteLinksByGlobalId",
    "lastLogin",
    "latestReleasedVersion",
    "linkedIssue",
    "linkedIssues",
    "linkedWorkItems",
    "membersOf",
    "myApproval",
    "myPending",
    "myPendingApproval",
    "now",
    "openSprints",
    "organizationMembers",
    "parentEpic",
    "paused",
    "pending",
    "pendingBy",
    "portfolioChildIssuesOf",
    "projectsLeadByUser",
    "projectsWhereUserHasPermission",
    "projectsWhereUserHasRole",
    "releasedVersions",
    "remaining",
    "running",
    "spacesLeadByUser",
    "spacesWhereUserHasPermission",
    "spacesWhereUserHasRole",
    "standardIssueTypes",
    "standardWorkTypes",
    "startOfDay",
    "startOfMonth",
    "startOfWeek",
    "startOfYear",
    "subtaskIssueTypes",
    "subtaskWorkTypes",
    "unreleasedVersions",
    "updatedBy",
    "votedIssues",
    "votedWorkItems",
    "watchedIssues",
    "watchedWorkItems",
    "withinCalendarHours",
    "workItemHistory",
];

/// The field of Jira of this name, in any case.
pub(super) fn field(name: &str) -> Option<&'static Known> {
    let lower = name.trim().to_lowercase();
    FIELDS.iter().find(|known| known.names.contains(&&*lower))
}

/// All names of Jira's own fields.
pub(super) fn field_names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().flat_map(|known| known.names.iter().copied())
}

/// True for a function of Jira, in any case.
pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// The function that a name was almost certainly meant to be: one slip from it.
pub(super) fn meant_function(name: &str) -> Option<&'static str> {
    one_slip(name, FUNCTIONS.iter().copied())
}

/// The candidate that is one slip of the fingers from what was written. Names of custom fields and
/// of apps' functions may be anything: more than a slip is a name of its own.
pub(super) fn one_slip<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let length = lower.chars().count();
    if length < 4 {
        return None;
    }
    candidates.into_iter().find(|candidate| {
        let near = candidate.to_lowercase();
        near.chars().count().abs_diff(length) <= 1
            && strsim::damerau_levenshtein(&lower, &near) == 1
    })
}
