//! The fixed tables of the emulated site: projects, types, statuses, priorities, fields.

/// The address of the emulated site, as its answers name it.
pub(super) const SITE: &str = "https://acme.atlassian.net";

/// The cloud id of the emulated site.
pub(super) const CLOUD_ID: &str = "5a4d3c2b-7e91-4f60-8a1b-0c9d8e7f6a5b";

/// A project.
pub(super) struct Project {
    pub(super) id: &'static str,
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// How often an issue lies in it.
    pub(super) weight: u32,
}

pub(super) const PROJECTS: [Project; 3] = [
    Project {
        id: "10000",
        key: "SUPPORT",
        name: "Customer Support",
        kind: "service_desk",
        weight: 60,
    },
    Project {
        id: "10001",
        key: "PRODUCT",
        name: "Product",
        kind: "software",
        weight: 30,
    },
    Project {
        id: "10002",
        key: "OPS",
        name: "Operations",
        kind: "business",
        weight: 10,
    },
];

/// An issue type.
pub(super) struct IssueType {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) level: i32,
    /// How often an issue of each project has it.
    pub(super) weights: [u32; 3],
}

pub(super) const TYPES: [IssueType; 6] = [
    IssueType {
        id: "10000",
        name: "Epic",
        description: "A big user story that needs to be broken down.",
        level: 1,
        weights: [1, 8, 4],
    },
    IssueType {
        id: "10001",
        name: "Story",
        description: "Functionality expressed as a user goal.",
        level: 0,
        weights: [6, 36, 4],
    },
    IssueType {
        id: "10002",
        name: "Task",
        description: "A small, distinct piece of work.",
        level: 0,
        weights: [13, 22, 60],
    },
    IssueType {
        id: "10003",
        name: "Sub-task",
        description: "A small piece of work that is part of a larger task.",
        level: -1,
        weights: [2, 6, 8],
    },
    IssueType {
        id: "10004",
        name: "Bug",
        description: "A problem or error.",
        level: 0,
        weights: [30, 28, 24],
    },
    IssueType {
        id: "10010",
        name: "Support Request",
        description: "A question or request of a customer.",
        level: 0,
        weights: [48, 0, 0],
    },
];

/// A status category.
pub(super) struct Category {
    pub(super) id: u8,
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) colour: &'static str,
    /// What `/statuses/search` calls it.
    pub(super) code: &'static str,
}

pub(super) const CATEGORIES: [Category; 3] = [
    Category {
        id: 2,
        key: "new",
        name: "To Do",
        colour: "blue-gray",
        code: "TODO",
    },
    Category {
        id: 4,
        key: "indeterminate",
        name: "In Progress",
        colour: "yellow",
        code: "IN_PROGRESS",
    },
    Category {
        id: 3,
        key: "done",
        name: "Done",
        colour: "green",
        code: "DONE",
    },
];

/// A status; `category` indexes [`CATEGORIES`].
pub(super) struct Status {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) category: usize,
}

pub(super) const TO_DO: u8 = 0;
pub(super) const IN_PROGRESS: u8 = 1;
pub(super) const WAITING: u8 = 2;
pub(super) const IN_REVIEW: u8 = 3;
pub(super) const DONE: u8 = 4;
pub(super) const CLOSED: u8 = 5;
pub(super) const REOPENED: u8 = 6;

pub(super) const STATUSES: [Status; 7] = [
    Status {
        id: "10000",
        name: "To Do",
        category: 0,
    },
    Status {
        id: "3",
        name: "In Progress",
        category: 1,
    },
    Status {
        id: "10005",
        name: "Waiting for customer",
        category: 1,
    },
    Status {
        id: "10006",
        name: "In Review",
        category: 1,
    },
    Status {
        id: "10002",
        name: "Done",
        category: 2,
    },
    Status {
        id: "6",
        name: "Closed",
        category: 2,
    },
    Status {
        id: "4",
        name: "Reopened",
        category: 0,
    },
];

/// A priority or resolution.
pub(super) struct Named {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

pub(super) const PRIORITIES: [Named; 5] = [
    Named {
        id: "1",
        name: "Highest",
        description: "This problem will block progress.",
    },
    Named {
        id: "2",
        name: "High",
        description: "Serious problem that could block progress.",
    },
    Named {
        id: "3",
        name: "Medium",
        description: "Has the potential to affect progress.",
    },
    Named {
        id: "4",
        name: "Low",
        description: "Minor problem or easily worked around.",
    },
    Named {
        id: "5",
        name: "Lowest",
        description: "Trivial problem with little or no impact.",
    },
];

pub(super) const RESOLUTIONS: [Named; 4] = [
    Named {
        id: "10000",
        name: "Done",
        description: "Work has been completed on this issue.",
    },
    Named {
        id: "10001",
        name: "Won't Do",
        description: "This issue won't be actioned.",
    },
    Named {
        id: "10002",
        name: "Duplicate",
        description: "The problem is a duplicate of an existing issue.",
    },
    Named {
        id: "10003",
        name: "Cannot Reproduce",
        description: "Attempts at reproducing this issue failed.",
    },
];

pub(super) const TIERS: [(&str, &str); 3] = [
    ("10101", "Enterprise"),
    ("10102", "Business"),
    ("10103", "Starter"),
];

pub(super) const LABELS: [&str; 10] = [
    "billing",
    "login",
    "mobile",
    "export",
    "email",
    "performance",
    "onboarding",
    "api",
    "regression",
    "vip",
];

/// A field of an issue, as `/field` lists it.
pub(super) struct Field {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// How JQL calls it, besides its name.
    pub(super) clauses: &'static [&'static str],
    /// The schema's `type`, `items` and, of a custom field, the part of `custom` after the colon.
    pub(super) schema: (&'static str, Option<&'static str>, Option<&'static str>),
    /// Whether `*navigable` holds it.
    pub(super) navigable: bool,
}

impl Field {
    /// The number of a custom field.
    pub(super) fn custom(&self) -> Option<&'static str> {
        self.id.strip_prefix("customfield_")
    }
}

const fn field(
    id: &'static str,
    name: &'static str,
    clauses: &'static [&'static str],
    schema: (&'static str, Option<&'static str>, Option<&'static str>),
    navigable: bool,
) -> Field {
    Field {
        id,
        name,
        clauses,
        schema,
        navigable,
    }
}

/// All fields, in the order in which an issue shows them.
pub(super) const FIELDS: [Field; 36] = [
    field(
        "statuscategorychangedate",
        "Status Category Changed",
        &["statusCategoryChangedDate"],
        ("datetime", None, None),
        true,
    ),
    field(
        "issuetype",
        "Issue Type",
        &["issuetype", "type"],
        ("issuetype", None, None),
        true,
    ),
    field(
        "timespent",
        "Time Spent",
        &["timespent"],
        ("number", None, None),
        true,
    ),
    field(
        "project",
        "Project",
        &["project"],
        ("project", None, None),
        true,
    ),
    field(
        "customfield_10000",
        "Development",
        &[],
        ("any", None, Some("devsummarycf")),
        true,
    ),
    field(
        "fixVersions",
        "Fix versions",
        &["fixVersion"],
        ("array", Some("version"), None),
        true,
    ),
    field(
        "resolution",
        "Resolution",
        &["resolution"],
        ("resolution", None, None),
        true,
    ),
    field(
        "resolutiondate",
        "Resolved",
        &["resolutiondate", "resolved"],
        ("datetime", None, None),
        true,
    ),
    field(
        "workratio",
        "Work Ratio",
        &["workratio"],
        ("number", None, None),
        true,
    ),
    field(
        "watches",
        "Watchers",
        &["watchers"],
        ("watches", None, None),
        true,
    ),
    field(
        "created",
        "Created",
        &["created", "createdDate"],
        ("datetime", None, None),
        true,
    ),
    field(
        "priority",
        "Priority",
        &["priority"],
        ("priority", None, None),
        true,
    ),
    field(
        "labels",
        "Labels",
        &["labels"],
        ("array", Some("string"), None),
        true,
    ),
    field(
        "customfield_10010",
        "Request Type",
        &[],
        ("sd-customerrequesttype", None, Some("vp-origin")),
        true,
    ),
    field(
        "customfield_10016",
        "Story Points",
        &[],
        ("number", None, Some("jsw-story-points")),
        true,
    ),
    field(
        "customfield_10018",
        "Parent Link",
        &[],
        ("any", None, Some("jpo-custom-field-parent")),
        true,
    ),
    field(
        "customfield_10019",
        "Rank",
        &[],
        ("any", None, Some("gh-lexo-rank")),
        true,
    ),
    field(
        "customfield_10020",
        "Sprint",
        &["sprint"],
        ("array", Some("json"), Some("gh-sprint")),
        true,
    ),
    field(
        "customfield_10051",
        "Customer Tier",
        &[],
        ("option", None, Some("select")),
        true,
    ),
    field(
        "customfield_10061",
        "Severity",
        &[],
        ("option", None, Some("select")),
        true,
    ),
    field(
        "customfield_10062",
        "Severity",
        &[],
        ("string", None, Some("textfield")),
        true,
    ),
    field(
        "versions",
        "Affects versions",
        &["affectedVersion"],
        ("array", Some("version"), None),
        true,
    ),
    field(
        "issuelinks",
        "Linked Issues",
        &[],
        ("array", Some("issuelinks"), None),
        true,
    ),
    field(
        "assignee",
        "Assignee",
        &["assignee"],
        ("user", None, None),
        true,
    ),
    field(
        "updated",
        "Updated",
        &["updated", "updatedDate"],
        ("datetime", None, None),
        true,
    ),
    field(
        "status",
        "Status",
        &["status"],
        ("status", None, None),
        true,
    ),
    field(
        "components",
        "Components",
        &["component"],
        ("array", Some("component"), None),
        true,
    ),
    field(
        "description",
        "Description",
        &["description"],
        ("string", None, None),
        true,
    ),
    field(
        "summary",
        "Summary",
        &["summary"],
        ("string", None, None),
        true,
    ),
    field(
        "creator",
        "Creator",
        &["creator"],
        ("user", None, None),
        true,
    ),
    field(
        "subtasks",
        "Sub-tasks",
        &["subtasks"],
        ("array", Some("issuelinks"), None),
        true,
    ),
    field(
        "reporter",
        "Reporter",
        &["reporter"],
        ("user", None, None),
        true,
    ),
    field(
        "duedate",
        "Due date",
        &["due", "duedate"],
        ("date", None, None),
        true,
    ),
    field(
        "attachment",
        "Attachment",
        &["attachments"],
        ("array", Some("attachment"), None),
        false,
    ),
    field(
        "comment",
        "Comment",
        &["comment"],
        ("comments-page", None, None),
        false,
    ),
    field(
        "worklog",
        "Log Work",
        &[],
        ("array", Some("worklog"), None),
        false,
    ),
];
