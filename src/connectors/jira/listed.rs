//! `jira.users`, `jira.projects`, `jira.versions` and `jira.sprints`: lists that Jira gives whole.
//!
//! None of them can be asked for what changed, and none is long: each run reads all of it, and
//! what the destination has already is not sent again.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::tz::TimeZone;

use super::pages::Pages;
use super::records::{Kind, id_of, is_person, record_of};
use super::released::Released;
use super::session::Session;
use super::spec::{Sprints, Users, Versions};
use crate::connectors::{Memory, Page, Source, Start};
use crate::http::{Class, Failure};
use crate::record::{Projection, Value};

const PROJECTS: &str = "/rest/api/3/project/search";
const BOARDS: &str = "/rest/agile/1.0/board";
/// How many elements a page is asked to have: the most that Jira gives of users,
const USERS_PAGE: usize = 1_000;
/// of projects and versions,
const PAGE: usize = 100;
/// of boards and sprints.
const AGILE_PAGE: usize = 50;

const NO_USERS: &str =
    "Jira shows no users: the account needs the global permission `Browse users and groups`";

/// What is asked for.
#[derive(Clone, Copy)]
pub enum Listed<'s> {
    /// `jira.users`.
    Users(&'s Users),
    /// `jira.projects`.
    Projects,
    /// `jira.versions`.
    Versions(&'s Versions),
    /// `jira.sprints`.
    Sprints(&'s Sprints),
}

impl Listed<'_> {
    const fn kind(self) -> Kind {
        match self {
            Self::Users(_) => Kind::User,
            Self::Projects => Kind::Project,
            Self::Versions(_) => Kind::Version,
            Self::Sprints(_) => Kind::Sprint,
        }
    }

    /// True for what the source yields; Jira is asked for it, but does not everywhere keep to it.
    fn takes(self, one: &Value) -> bool {
        match self {
            Self::Users(users) => users.all || is_person(one),
            Self::Projects => true,
            Self::Versions(_) => one.get("released") == Some(&Value::Bool(true)),
            Self::Sprints(_) => one
                .get("state")
                .and_then(Value::as_str)
                .is_some_and(|state| state.eq_ignore_ascii_case("closed")),
        }
    }
}

/// A project or board whose list is read.
struct Owner {
    name: String,
    /// The file names it.
    named: bool,
}

/// A list being read.
pub struct ListedSource<'s> {
    session: &'s Session,
    memory: &'s dyn Memory,
    what: Listed<'s>,
    element: Projection,
    site: Value,
    zone: TimeZone,
    since: Option<i64>,
    left: u64,
    /// Projects or boards, as far as they are known.
    owners: VecDeque<Owner>,
    /// Where further ones come from.
    more: Option<Pages>,
    /// What is being read, and whose it is.
    pages: Option<(Pages, Option<Owner>)>,
    /// Sprints so far: several boards may show one. Users of the page before: where the account
    /// does not see all of a page, the next one begins within it.
    seen: HashSet<Arc<str>>,
    /// Nothing has come yet.
    empty: bool,
    /// Which versions the project that is being read has released.
    released: Option<Released>,
}

impl<'s> ListedSource<'s> {
    /// Opens the source; `reads` is what the plan reads of a record, `zone` the pipeline's.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn open(
        session: &'s Session,
        what: Listed<'s>,
        reads: &Projection,
        zone: &TimeZone,
        start: &Start,
        memory: &'s dyn Memory,
    ) -> Result<Self, Failure> {
        let element = what.kind().asked(reads);
        let with_name = reads
            .member("site")
            .is_some_and(|site| site.member("name").is_some());
        let named = |name: String| Owner { name, named: true };
        let (mut owners, mut more, mut pages) = (VecDeque::new(), None, None);
        match what {
            Listed::Users(_) => {
                let path = "/rest/api/3/users/search".to_owned();
                pages = Some((Pages::bare(path, USERS_PAGE, element.clone()), None));
            }
            Listed::Projects => {
                let path = format!("{PROJECTS}{}", expand(reads));
                pages = Some((Pages::of(path, "values", PAGE, element.clone()), None));
            }
            Listed::Versions(versions) if versions.projects.is_empty() => {
                let key = Projection::Members(vec![("key".into(), Projection::Whole)]);
                more = Some(Pages::of(PROJECTS.to_owned(), "values", PAGE, key));
            }
            Listed::Versions(versions) => {
                owners = versions.projects.iter().cloned().map(named).collect();
            }
            Listed::Sprints(sprints) if sprints.boards.is_empty() => {
                let members = ["id", "type"].map(|name| (name.into(), Projection::Whole));
                let board = Projection::Members(members.into());
                more = Some(Pages::of(BOARDS.to_owned(), "values", AGILE_PAGE, board));
            }
            Listed::Sprints(sprints) => {
                let boards = sprints.boards.iter();
                owners = boards.map(|board| named(board.to_string())).collect();
            }
        }
        Ok(Self {
            session,
            memory,
            what,
            element,
            site: session.site(with_name).await?,
            zone: zone.clone(),
            since: start.since,
            left: start.limit.unwrap_or(u64::MAX),
            owners,
            more,
            pages,
            seen: HashSet::new(),
            empty: true,
            released: None,
        })
    }

    async fn page(&mut self) -> Result<Option<Page>, Failure> {
        while self.left > 0 {
            if let Some((pages, owner)) = &mut self.pages {
                let mut page = Page::default();
                let elements = match pages.next(self.session).await {
                    Ok(elements) => elements,
                    // It gives up where so many take it more than ten seconds.
                    Err(failure) if failure.class == Class::Busy && pages.smaller() => continue,
                    Err(failure) if is_elsewhere(&failure) && pages.moved() => continue,
                    Err(failure) => {
                        page.notices
                            .extend(passed_over(self.what, owner.as_ref(), failure)?);
                        None
                    }
                };
                let Some(elements) = elements else {
                    self.pages = None;
                    if self.empty && matches!(self.what, Listed::Users(_)) {
                        // The account itself would be among them.
                        page.notices.push(NO_USERS.to_owned());
                    }
                    let released = self.released.take();
                    if page.notices.is_empty() {
                        page.known.extend(released.and_then(Released::known));
                    }
                    if page.notices.is_empty() && page.known.is_empty() {
                        continue;
                    }
                    return Ok(Some(page));
                };
                self.empty &= elements.is_empty();
                self.take(&elements, &mut page);
                return Ok(Some(page));
            }
            if let Some(owner) = self.owners.pop_front() {
                if matches!(self.what, Listed::Versions(_)) {
                    self.released = Some(Released::of(&owner.name, self.memory).await?);
                }
                self.pages = Some((self.pages_of(&owner.name), Some(owner)));
                continue;
            }
            let Some(more) = &mut self.more else {
                return Ok(None);
            };
            let found = match more.next(self.session).await {
                Err(failure) if is_elsewhere(&failure) && more.moved() => continue,
                found => found?,
            };
            match found {
                None => self.more = None,
                Some(found) => {
                    // Kanban boards have no sprints, and refuse to be asked.
                    let kanban =
                        |one: &&Value| one.get("type").and_then(Value::as_str) != Some("kanban");
                    let name = match self.what {
                        Listed::Versions(_) => "key",
                        _ => "id",
                    };
                    let names = found.iter().filter(kanban);
                    let names = names.filter_map(|one| id_of(one.get(name)));
                    self.owners.extend(names.map(|name| Owner {
                        name: name.to_string(),
                        named: false,
                    }));
                }
            }
        }
        Ok(None)
    }

    fn pages_of(&self, owner: &str) -> Pages {
        let element = self.element.clone();
        match self.what {
            Listed::Versions(_) => {
                let path = format!(
                    "/rest/api/3/project/{}/version?status=released&orderBy=releaseDate",
                    segment(owner)
                );
                Pages::of(path, "values", PAGE, element)
            }
            _ => {
                let path = format!("{BOARDS}/{owner}/sprint?state=closed");
                Pages::of(path, "values", AGILE_PAGE, element)
            }
        }
    }

    fn take(&mut self, elements: &[Value], page: &mut Page) {
        let users = matches!(self.what, Listed::Users(_));
        let ids = |one: &Value| users.then(|| id_of(one.get("accountId"))).flatten();
        let before = match users && !elements.is_empty() {
            true => std::mem::replace(&mut self.seen, elements.iter().filter_map(ids).collect()),
            false => HashSet::new(),
        };
        for element in elements {
            if self.left == 0 {
                return;
            }
            if element.as_object().is_some() && !self.what.takes(element) {
                continue;
            }
            if matches!(self.what, Listed::Sprints(_))
                && let Some(id) = id_of(element.get("id"))
                && !self.seen.insert(id)
            {
                continue;
            }
            if ids(element).is_some_and(|id| before.contains(&id)) {
                continue;
            }
            let kind = self.what.kind();
            match record_of(kind, element, None, Some(&self.site), &self.zone) {
                Ok(mut record) => {
                    if let Some(released) = &mut self.released {
                        released.place(&mut record);
                    }
                    let time = record.time.map(jiff::Timestamp::as_millisecond);
                    // What has no time is not before any.
                    let before = time.zip(self.since);
                    if before.is_some_and(|(time, since)| time < since) {
                        continue;
                    }
                    self.left -= 1;
                    page.records.push(record);
                }
                Err(bad) => page.bad.push(bad),
            }
        }
    }
}

/// True where an endpoint is not there, or no longer.
fn is_elsewhere(failure: &Failure) -> bool {
    matches!(failure.class, Class::NotFound | Class::Gone)
}

/// What to tell of an owner that has no list; the failure where it is one.
fn passed_over(
    what: Listed<'_>,
    owner: Option<&Owner>,
    failure: Failure,
) -> Result<Option<String>, Failure> {
    let Some(owner) = owner else {
        return Err(match (what, failure.status) {
            (Listed::Users(_), Some(403)) => {
                failure.help("the account needs the global permission `Browse users and groups`")
            }
            _ => failure,
        });
    };
    let (noun, list) = match what {
        Listed::Versions(_) => ("project", "versions"),
        _ => ("board", "sprints"),
    };
    // A page with 404 is no word of a project or board.
    let status = failure.status;
    let status = status.filter(|status| *status != 404 || failure.class == Class::NotFound);
    match (status, owner.named) {
        // Not every board has sprints: that is how Jira says it.
        (Some(400), named) if matches!(what, Listed::Sprints(_)) => {
            Ok(named.then(|| format!("board {} has no sprints", owner.name)))
        }
        // It went away since it was listed.
        (Some(404), false) => Ok(None),
        (Some(404), true) => Err(Failure {
            class: Class::Rejected,
            message: format!(
                "the site has no {noun} `{}`, or the account may not see it",
                owner.name
            ),
            help: Some(format!("check `{noun}s:`; without it all {list} are read")),
            ..failure
        }),
        _ => Err(failure),
    }
}

/// The parts of a project that are given only where they are asked for.
pub(super) fn expand(reads: &Projection) -> String {
    let wanted: Vec<&str> = [
        ("description", "description"),
        ("lead", "lead"),
        ("issueTypes", "issueTypes"),
        ("url", "url"),
        ("insight", "insight"),
    ]
    .into_iter()
    .filter_map(|(member, expand)| reads.member(member).is_some().then_some(expand))
    .collect();
    if wanted.is_empty() {
        return String::new();
    }
    format!("?expand={}", wanted.join(","))
}

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

impl Source for ListedSource<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(self.page())
    }
}
