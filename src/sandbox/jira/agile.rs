//! Boards, sprints and versions.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::catalog::{PROJECTS, SITE};
use super::errors;
use super::issues::page;
use super::meta::paged;
use super::site::Site;
use crate::sandbox::clock::{timestamp, utc};
use crate::sandbox::exchange::{Reply, Request};

const DAY: i64 = 86_400_000;

/// A version of a project.
pub(super) struct Version {
    id: u64,
    /// The project's place in the catalog.
    project: usize,
    name: String,
    released: bool,
    archived: bool,
    /// The day of the release, in epoch milliseconds; some have none.
    day: Option<i64>,
}

/// A sprint.
pub(super) struct Sprint {
    id: u64,
    board: u64,
    state: &'static str,
    start: Option<i64>,
    end: Option<i64>,
    complete: Option<i64>,
}

struct Board {
    id: u64,
    name: &'static str,
    kind: &'static str,
    project: usize,
    /// Other boards whose sprints it shows as well.
    shows: &'static [u64],
}

/// Two boards of one team show the same sprints; one has none.
const BOARDS: [Board; 4] = [
    Board {
        id: 3,
        name: "Product team",
        kind: "scrum",
        project: 1,
        shows: &[3],
    },
    Board {
        id: 4,
        name: "Support desk",
        kind: "kanban",
        project: 0,
        shows: &[],
    },
    Board {
        id: 5,
        name: "Product release train",
        kind: "scrum",
        project: 1,
        shows: &[3, 5],
    },
    Board {
        id: 6,
        name: "Operations",
        kind: "simple",
        project: 2,
        shows: &[6],
    },
];

/// The versions as seeded: some released, one of these on no day, one to come, one archived.
pub(super) fn versions(epoch: i64) -> Vec<Version> {
    let mut versions = Vec::new();
    for project in 0..PROJECTS.len() {
        for (place, (name, released, archived, days)) in [
            ("1.0", true, true, Some(300)),
            ("1.1", true, false, Some(90)),
            ("1.2", true, false, Some(12)),
            ("1.2.1", true, false, None),
            ("1.3", false, false, Some(-20)),
            ("2.0", false, false, None),
        ]
        .into_iter()
        .enumerate()
        {
            versions.push(Version {
                id: 10_100 + 20 * project as u64 + place as u64,
                project,
                name: name.to_owned(),
                released,
                archived,
                day: days.map(|days: i64| epoch - days * DAY),
            });
        }
    }
    versions
}

/// The sprints as seeded: closed ones, those that issues name as active, and one to come.
pub(super) fn sprints(epoch: i64) -> Vec<Sprint> {
    let mut sprints = Vec::new();
    let mut add = |id: u64, board: u64, state: &'static str, ago: i64| {
        let dated = state != "future";
        sprints.push(Sprint {
            id,
            board,
            state,
            start: dated.then_some(epoch - (ago + 14) * DAY),
            end: dated.then_some(epoch - ago * DAY),
            complete: (state == "closed").then_some(epoch - ago * DAY + 3_600_000),
        });
    };
    for number in 0..8 {
        add(20 + number, 3, "closed", 7 + 14 * (8 - number as i64));
    }
    for number in 0..7 {
        add(30 + number, 3, "active", -7);
    }
    add(37, 3, "future", 0);
    add(51, 5, "closed", 9);
    add(61, 6, "closed", 4);
    add(62, 6, "active", -10);
    sprints
}

impl Site {
    /// Releases a version on the day that `now` is; gives its id.
    pub(super) fn release(&mut self, named: &str, now: i64) -> Result<Value, String> {
        let version = self
            .versions
            .iter_mut()
            .find(|version| version.id.to_string() == named)
            .ok_or_else(|| format!("no version {named}"))?;
        version.released = true;
        version.day = Some(now);
        let named = json!({ "id": version.id.to_string() });
        self.version += 1;
        Ok(named)
    }

    /// Closes a sprint; gives its id.
    pub(super) fn close_sprint(&mut self, named: &str, now: i64) -> Result<Value, String> {
        let sprint = self
            .sprints
            .iter_mut()
            .find(|sprint| sprint.id.to_string() == named)
            .ok_or_else(|| format!("no sprint {named}"))?;
        if sprint.state != "active" {
            return Err(format!("sprint {named} is {}", sprint.state));
        }
        sprint.state = "closed";
        sprint.complete = Some(now);
        let named = json!({ "id": sprint.id });
        self.version += 1;
        Ok(named)
    }
}

/// A version by its id, as REST shows it.
pub(super) fn version(site: &Site, named: &str, now: i64) -> Option<Value> {
    let mut versions = site.versions.iter();
    let found = versions.find(|version| version.id.to_string() == named)?;
    Some(shown_version(found, now))
}

/// A sprint by its id, as REST shows it.
pub(super) fn sprint(site: &Site, named: &str) -> Option<Value> {
    let mut sprints = site.sprints.iter();
    let found = sprints.find(|sprint| sprint.id.to_string() == named)?;
    Some(shown_sprint(found))
}

/// The place in the catalog of the project that is planned by sprints and versions.
const PLANNED: u8 = 1;

/// The sprint that an issue is in.
pub(super) fn sprint_of(project: u8, index: u32) -> Option<u64> {
    (project == PLANNED).then_some(30 + u64::from(index % 7))
}

/// The version that an issue is to be done by: some have none.
pub(super) fn version_of(project: u8, index: u32) -> Option<u64> {
    let place = [Some(2), Some(4), Some(5), None].get(index as usize % 4);
    let place = place.copied().flatten().filter(|_| project == PLANNED);
    place.map(|place: u64| 10_100 + 20 * u64::from(PLANNED) + place)
}

/// The sprints of this id or name.
pub(super) fn sprints_named(site: &Site, text: &str) -> Vec<u64> {
    let is = |id: &u64| id.to_string() == text || format!("Sprint {id}").eq_ignore_ascii_case(text);
    let ids = site.sprints.iter().map(|sprint| sprint.id);
    ids.filter(is).collect()
}

/// The versions of this id or name.
pub(super) fn versions_named(site: &Site, text: &str) -> Vec<u64> {
    let versions = site.versions.iter();
    let named = versions.filter(|version| {
        version.id.to_string() == text || version.name.eq_ignore_ascii_case(text)
    });
    named.map(|version| version.id).collect()
}

/// The versions of an issue, as it shows them.
pub(super) fn fix_versions(site: &Site, project: u8, index: u32) -> Value {
    let id = version_of(project, index);
    let mut versions = site.versions.iter();
    let found = id.and_then(|id| versions.find(|version| version.id == id));
    let shown = found.map(|version| {
        // What is overdue is told of a version alone.
        let mut shown = shown_version(version, version.day.unwrap_or_default());
        if let Some(members) = shown.as_object_mut() {
            for name in ["overdue", "projectId", "userReleaseDate"] {
                members.remove(name);
            }
        }
        shown
    });
    Value::from_iter(shown)
}

fn shown_version(version: &Version, now: i64) -> Value {
    let project = PROJECTS.get(version.project);
    let mut value = json!({
        "self": format!("{SITE}/rest/api/3/version/{}", version.id), "id": version.id.to_string(),
        "name": version.name, "archived": version.archived, "released": version.released,
        "projectId": project.and_then(|project| project.id.parse::<u64>().ok())
    });
    if let Some(day) = version.day {
        let at = timestamp(day).to_zoned(TimeZone::UTC);
        value["releaseDate"] = json!(at.strftime("%Y-%m-%d").to_string());
        value["userReleaseDate"] = json!(at.strftime("%d/%b/%y").to_string());
        if !version.released {
            value["overdue"] = json!(day < now);
        }
    }
    value
}

/// `GET /project/{key}/version`.
pub(super) fn project_versions(
    site: &Site,
    request: &Request,
    named: &str,
    now: i64,
) -> Result<Reply, Reply> {
    let projects = site.projects();
    let (project, _) = projects
        .into_iter()
        .find(|(_, project)| project.key.eq_ignore_ascii_case(named) || project.id == named)
        .ok_or_else(|| {
            errors::messages(
                404,
                &[&format!("No project could be found with key '{named}'.")],
            )
        })?;
    let (start, size) = page(request, 50, 100)?;
    let status = request.query_list("status");
    let known = ["released", "unreleased", "archived"];
    if status.iter().any(|status| !known.contains(status)) {
        return Err(errors::messages(400, &["The status is invalid."]));
    }
    let mut found: Vec<&Version> = site
        .versions
        .iter()
        .filter(|version| version.project == project)
        .filter(|version| {
            let is = match (version.archived, version.released) {
                (true, _) => "archived",
                (false, true) => "released",
                (false, false) => "unreleased",
            };
            status.is_empty() || status.contains(&is)
        })
        .collect();
    match request.query("orderBy") {
        None | Some("sequence" | "+sequence" | "name" | "+name") => {}
        Some("releaseDate" | "+releaseDate") => found.sort_by_key(|version| version.day),
        Some("-releaseDate") => found.sort_by_key(|version| std::cmp::Reverse(version.day)),
        Some(_) => return Err(errors::messages(400, &["The orderBy is invalid."])),
    }
    let values = found.into_iter().map(|version| shown_version(version, now));
    Ok(paged(values.collect(), start, size))
}

/// What lies under `/rest/agile/1.0`; nothing where there is no such endpoint.
pub(super) fn answer(site: &Site, request: &Request, rest: &[&str]) -> Option<Reply> {
    let reply = match (request.method.as_str(), rest) {
        ("GET", ["board"]) => boards(request),
        ("GET", ["board", board, "sprint"]) => board_sprints(site, request, board),
        ("GET", ["sprint", named]) => sprint(site, named)
            .map(|sprint| Reply::json(200, &sprint))
            .ok_or_else(|| {
                errors::messages(
                    404,
                    &["Sprint does not exist or you do not have permission to view it."],
                )
            }),
        _ => return None,
    };
    Some(reply.unwrap_or_else(|refusal| refusal))
}

/// `GET /board`: at most 50 a page.
fn boards(request: &Request) -> Result<Reply, Reply> {
    let (start, size) = page(request, 50, 50)?;
    let kinds = request.query_list("type");
    let values = BOARDS
        .iter()
        .filter(|board| kinds.is_empty() || kinds.contains(&board.kind))
        .map(|board| {
            let project = PROJECTS.get(board.project);
            json!({
                "id": board.id, "self": format!("{SITE}/rest/agile/1.0/board/{}", board.id),
                "name": board.name, "type": board.kind, "isPrivate": false,
                "location": {
                    "projectId": project.and_then(|project| project.id.parse::<u64>().ok()),
                    "projectKey": project.map(|project| project.key),
                    "projectName": project.map(|project| project.name),
                    "displayName": project.map(|project| format!("{} ({})", project.name, project.key))
                }
            })
        });
    Ok(paged(values.collect(), start, size))
}

fn shown_sprint(sprint: &Sprint) -> Value {
    let mut value = json!({
        "id": sprint.id, "self": format!("{SITE}/rest/agile/1.0/sprint/{}", sprint.id),
        "state": sprint.state, "name": format!("Sprint {}", sprint.id),
        "originBoardId": sprint.board, "goal": ""
    });
    // A sprint to come has no dates, an active one is not complete.
    for (name, at) in [
        ("startDate", sprint.start),
        ("endDate", sprint.end),
        ("completeDate", sprint.complete),
    ] {
        if let Some(at) = at {
            value[name] = json!(utc(at));
        }
    }
    value
}

/// `GET /board/{id}/sprint`: at most 50 a page.
fn board_sprints(site: &Site, request: &Request, named: &str) -> Result<Reply, Reply> {
    let board = BOARDS.iter().find(|board| board.id.to_string() == named);
    let board = board.ok_or_else(|| {
        errors::messages(404, &["Requested board cannot be viewed because it either does not exist or you do not have permission to view it."])
    })?;
    if board.kind == "kanban" {
        return Err(errors::messages(
            400,
            &["The board does not support sprints"],
        ));
    }
    let (start, size) = page(request, 50, 50)?;
    let states = request.query_list("state");
    if states
        .iter()
        .any(|state| !["active", "closed", "future"].contains(state))
    {
        return Err(errors::messages(400, &["The state is invalid."]));
    }
    let values = site
        .sprints
        .iter()
        .filter(|sprint| board.shows.contains(&sprint.board))
        .filter(|sprint| states.is_empty() || states.contains(&sprint.state))
        .map(shown_sprint);
    Ok(paged(values.collect(), start, size))
}
