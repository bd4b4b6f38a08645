//! The inbox of a connection, read as records.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::tz::TimeZone;

use super::things;
use super::told::{Told, Untold, happened};
use crate::connectors::jira::comments::site_name;
use crate::connectors::jira::jql::{self, Filter, IssueView, Reads, Text};
use crate::connectors::jira::lists::hide_internal;
use crate::connectors::jira::records::id_of;
use crate::connectors::jira::session::Myself;
use crate::connectors::jira::spec::{Issues, Thing, Webhook};
use crate::connectors::jira::{IssueSource, Session};
use crate::connectors::{BadRecord, Delivered, Deliveries, Mark, Page, Source, Start};
use crate::http::{Class, Failure};
use crate::record::{Happened, Identity, Object, Projection, Record, Value};

/// What is wanted of the deliveries.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'s> {
    /// `jira.webhook`: a record for each delivery of these events.
    Events(&'s Webhook),
    /// A live `jira.issues`: the issues that deliveries name, as the search gives them.
    Issues(&'s Issues),
}

/// Deliveries being read.
pub struct InboxSource<'s> {
    session: &'s Session,
    wanted: Wanted<'s>,
    deliveries: &'s dyn Deliveries,
    issues: IssueSource<'s>,
    /// What is read of a record.
    reads: Projection,
    /// A record's `site`.
    site: Value,
    filters: Vec<Filter>,
    /// Who asks, where a filter may want to know.
    me: Option<Myself>,
    mark: Mark,
    /// The records' floor is this source's own: the pipeline reads webhooks only.
    own_floor: bool,
    left: u64,
    ended: bool,
}

/// What a page's deliveries came to before anything is re-read.
#[derive(Default)]
struct Sorted {
    told: Vec<Told>,
    bad: Vec<BadRecord>,
    /// Deliveries that name no event which a source could yield.
    nameless: usize,
    /// The page ended before its last delivery, because enough has been read.
    cut_at: Option<i64>,
}

/// What a delivery comes to.
enum Came {
    Record(Record),
    Bad(BadRecord),
    /// `jql` chooses others.
    NotAskedFor,
    /// It is gone, or not for everybody's eyes.
    Gone,
}

impl<'s> InboxSource<'s> {
    /// Opens the source where it is to start. `own_floor`: the pipeline reads webhooks only, and
    /// what happened before its first one is no business of it.
    ///
    /// # Errors
    /// What stands in the way; a `--jql` that cannot be judged here.
    pub async fn open(
        session: &'s Session,
        wanted: Wanted<'s>,
        deliveries: &'s dyn Deliveries,
        reads: &Projection,
        (start, own_floor): (&Start, bool),
    ) -> Result<Self, Failure> {
        let spec = match wanted {
            Wanted::Events(webhook) => &webhook.issues,
            Wanted::Issues(issues) => issues,
        };
        let own = spec.jql.as_ref().and_then(|jql| jql.filter.clone());
        let narrowed = start.narrow.as_deref().map(narrow).transpose()?;
        let filters: Vec<Filter> = own.into_iter().chain(narrowed).collect();
        let reads = with_filters(reads, &filters);
        let thing = match wanted {
            Wanted::Events(webhook) => webhook.thing,
            Wanted::Issues(_) => Thing::Issue,
        };
        let of_issue = things::issue_reads(thing, &reads);
        let mark = start.cursor.as_ref().map_or_else(
            || Ok(Mark::default()),
            |cursor| Mark::read(&cursor.0).ok_or_else(|| no_mark(&cursor.0)),
        )?;
        let floor = if own_floor { mark.floor } else { start.floor };
        let issues = IssueSource::open(
            session,
            spec,
            &of_issue,
            &Start {
                cursor: None,
                since: None,
                floor,
                narrow: None,
                limit: None,
            },
        )
        .await?;
        let me = match filters.is_empty() {
            true => None,
            false => Some(session.myself().await?),
        };
        let site = match thing {
            Thing::Issue => issues.site_value().clone(),
            _ => session.site(site_name(&reads)).await?,
        };
        Ok(Self {
            session,
            wanted,
            deliveries,
            issues,
            reads,
            site,
            filters,
            me,
            mark,
            own_floor,
            left: start.limit.unwrap_or(u64::MAX),
            ended: false,
        })
    }

    async fn page(&mut self) -> Result<Option<Page>, Failure> {
        if self.ended || self.left == 0 {
            return Ok(None);
        }
        let delivered = self.deliveries.after(self.mark.number).await?;
        let Some(last) = delivered.last().map(|one| one.number) else {
            self.ended = true;
            return Ok(None);
        };
        let mut page = Page::default();
        let sorted = self.sorted(&delivered);
        drop(delivered);
        self.mark.number = sorted.cut_at.unwrap_or(last);
        page.bad = sorted.bad;
        if sorted.nameless > 0 {
            page.notices.push(format!(
                "{} passed over: no event that a source yields",
                counted(sorted.nameless, "webhook")
            ));
        }
        self.records(sorted.told, &mut page).await?;
        let read = (page.records.len() + page.bad.len()) as u64;
        self.left = self.left.saturating_sub(read);
        page.cursor = Some(self.mark.cursor());
        Ok(Some(page))
    }

    /// Reads the deliveries, of which the wanted ones are kept, no more than are asked for.
    fn sorted(&mut self, delivered: &[Delivered]) -> Sorted {
        let mut sorted = Sorted::default();
        for one in delivered {
            let body = match Value::from_json(&one.body) {
                Ok(body) => body,
                Err(error) => {
                    sorted.bad.push(unreadable(one, &error.to_string()));
                    continue;
                }
            };
            if self.own_floor && self.mark.floor.is_none() {
                let at = happened(&body).map_or(one.accepted_at, |at| at.min(one.accepted_at));
                self.mark.floor = Some(at);
                self.issues.set_floor(at);
            }
            match Told::read(&body, &one.identifier) {
                Ok(told) if self.wants(&told) => sorted.told.push(told),
                Ok(_) => {}
                Err(Untold::NoEvent) => sorted.nameless += 1,
                Err(Untold::NoThing) => sorted.bad.push(unreadable(
                    one,
                    "the webhook does not say what it is about: an id is missing",
                )),
            }
            if (sorted.told.len() + sorted.bad.len()) as u64 >= self.left {
                sorted.cut_at = Some(one.number);
                break;
            }
        }
        sorted
    }

    fn wants(&self, told: &Told) -> bool {
        match self.wanted {
            Wanted::Events(webhook) => webhook.events.iter().any(|event| **event == *told.event),
            // Whatever happened to an issue or to what belongs to it, the issue is re-read.
            Wanted::Issues(_) => match told.thing {
                Thing::Issue => true,
                Thing::Comment | Thing::Worklog => told.issue.is_some(),
                _ => false,
            },
        }
    }

    async fn records(&self, told: Vec<Told>, page: &mut Page) -> Result<(), Failure> {
        let things = match self.wanted {
            Wanted::Events(webhook) => {
                things::read(self.session, webhook.thing, &told, &self.reads).await?
            }
            Wanted::Issues(_) => HashMap::new(),
        };
        let mut ids: Vec<Arc<str>> = Vec::new();
        for one in told
            .iter()
            .filter(|one| !(one.deleted && one.thing == Thing::Issue))
        {
            if let Some(issue) = issue_of(one, &things)
                && !ids.contains(&issue)
            {
                ids.push(issue);
            }
        }
        let mut issues = self.issues.of_ids(&ids, &mut page.notices).await?;
        let mut gone = 0;
        match self.wanted {
            Wanted::Issues(_) => {
                let deleted = told
                    .into_iter()
                    .filter(|one| one.deleted && one.thing == Thing::Issue);
                let deleted: Vec<Record> = deleted.map(|one| self.deleted(&one)).collect();
                for id in &ids {
                    match issues.remove(id) {
                        Some(Ok(record)) if self.lets_through(&record.value) => {
                            page.records.push(record);
                        }
                        Some(Ok(_)) => {}
                        Some(Err(bad)) => page.bad.push(bad),
                        None => gone += 1,
                    }
                }
                let passes = |record: &Record| self.lets_through(&record.value);
                page.records.extend(deleted.into_iter().filter(passes));
            }
            Wanted::Events(_) => {
                for one in told {
                    match self.event(&one, &things, &issues) {
                        Came::Record(record) => page.records.push(record),
                        Came::Bad(bad) => page.bad.push(bad),
                        Came::NotAskedFor => {}
                        Came::Gone => gone += 1,
                    }
                }
            }
        }
        if gone > 0 {
            page.notices.push(format!(
                "{} that webhooks told of passed over: gone by now, or not to be seen",
                counted(gone, "thing")
            ));
        }
        Ok(())
    }

    /// The record of one delivery.
    fn event(
        &self,
        told: &Told,
        things: &HashMap<Arc<str>, Value>,
        issues: &HashMap<Arc<str>, Result<Record, BadRecord>>,
    ) -> Came {
        let issue = issue_of(told, things);
        let issue = match issue.and_then(|id| issues.get(&id)) {
            Some(Err(bad)) => return Came::Bad(bad.clone()),
            Some(Ok(issue)) => Some(issue),
            None => None,
        };
        let judged = match (issue, told.thing) {
            (Some(issue), _) => Some(&issue.value),
            (None, Thing::Issue) => Some(&told.value),
            (None, _) => None,
        };
        if judged.is_some_and(|issue| !self.lets_through(issue)) {
            return Came::NotAskedFor;
        }
        let record = match (told.thing, told.deleted) {
            (Thing::Issue, true) => Some(self.deleted(told)),
            (Thing::Issue, false) => issue.cloned(),
            _ => match things::record(told, things.get(&told.id), issue, &self.site) {
                Ok(record) => record,
                Err(bad) => return Came::Bad(bad),
            },
        };
        let polled = matches!(self.wanted, Wanted::Events(webhook) if webhook.also_polled);
        record.map_or(Came::Gone, |record| {
            Came::Record(as_event(record, told, polled))
        })
    }

    /// An issue that is gone, as the webhook had it.
    fn deleted(&self, told: &Told) -> Record {
        let mut members = told.value.as_object().cloned().unwrap_or_default();
        hide_internal(&mut members);
        members.insert("site", self.site.clone());
        members.insert("deleted", true);
        let key = told.value.get("key").and_then(Value::as_str);
        Record {
            name: key.map_or_else(|| format!("issue {}", told.id).into(), Arc::from),
            value: members.into(),
            identity: Some(Identity::of(Arc::clone(&told.id))),
            time: told.time,
            deleted: true,
            happened: Happened::default(),
        }
    }

    fn lets_through(&self, issue: &Value) -> bool {
        let Some(me) = &self.me else { return true };
        let zone = me
            .time_zone
            .as_deref()
            .and_then(|zone| TimeZone::get(zone).ok());
        let view = IssueView {
            record: issue,
            current_user: Some(&me.account_id),
            now: self.session.now(),
            zone: zone.unwrap_or(TimeZone::UTC),
        };
        self.filters
            .iter()
            .all(|filter| filter.judge(&view).lets_through())
    }
}

impl Source for InboxSource<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(self.page())
    }
}

/// The issue that a thing is, or belongs to: the webhook of a worklog may not tell.
fn issue_of(told: &Told, things: &HashMap<Arc<str>, Value>) -> Option<Arc<str>> {
    let own = || id_of(things.get(&told.id)?.get("issueId"));
    told.issue.clone().or_else(own)
}

/// A record as the event that a webhook told: its identity and time are the event's. Where such
/// things are `polled` as well, its identity is the poll's: neither is sent after the other.
pub(super) fn as_event(mut record: Record, told: &Told, polled: bool) -> Record {
    let mut members = match record.value {
        Value::Object(members) => Arc::unwrap_or_clone(members),
        _ => Object::default(),
    };
    members.insert("event", Arc::clone(&told.event));
    record.value = members.into();
    let (id, announces) = (Arc::clone(&told.id), Arc::clone(&told.announces));
    record.identity = Some(match (told.of_history, polled) {
        (true, _) => Identity::of(id).with(announces),
        (false, true) => Identity::of(id),
        (false, false) => Identity::told(id, announces),
    });
    record.time = told.time.or(record.time);
    record
}

fn unreadable(one: &Delivered, reason: &str) -> BadRecord {
    BadRecord {
        name: format!("webhook {}", one.number).into(),
        reason: reason.to_owned(),
    }
}

/// `--jql`, to be judged here.
fn narrow(jql: &str) -> Result<Filter, Failure> {
    let text = Text::new(jql);
    let filter = jql::parse(text).and_then(|query| Filter::compile(&query, text));
    filter.map_err(|problems| {
        let why = problems.first().map_or("", |problem| &problem.message);
        Failure::new(
            Class::Rejected,
            format!("--jql: webhooks are judged here, and this cannot be: {why}"),
        )
        .help("use what `live: true` can judge, or leave --jql out")
    })
}

fn no_mark(cursor: &str) -> Failure {
    Failure::new(
        Class::Rejected,
        format!("the cursor `{cursor}` is no number of a webhook"),
    )
    .help("see `flowline state show`; `flowline state reset` begins anew")
}

/// What is read of an issue so that filters can judge it, too.
fn with_filters(reads: &Projection, filters: &[Filter]) -> Projection {
    let mut reads = reads.clone();
    let whole = Projection::Whole;
    for filter in filters {
        match filter.reads() {
            Reads::Fields(fields) => {
                for field in fields {
                    reads.add(&["fields".into(), field.as_str().into()], &whole);
                }
            }
            Reads::All => {
                reads.add(&["fields".into()], &whole);
                reads.add(&["names".into()], &whole);
            }
        }
    }
    reads
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}
