//! What Brevo must have, made of the issues alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

/// The types that `support-tickets` is about.
const TRACKED: [&str; 4] = ["Bug", "Story", "Task", "Support Request"];
/// What `issue-events` takes for an update.
const UPDATES: [&str; 4] = ["summary", "priority", "assignee", "duedate"];

/// What Brevo has, or must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The newest ticket of each reporter and its status.
    pub(super) tickets: BTreeMap<String, (String, String)>,
    /// The ids of the events, by name.
    pub(super) events: BTreeMap<String, BTreeSet<String>>,
    /// Who is in which list.
    pub(super) lists: BTreeMap<String, BTreeSet<String>>,
    /// How many issues an assignee has open, where there are any.
    pub(super) open: BTreeMap<String, u64>,
    /// Whose contact is whose account.
    pub(super) accounts: BTreeMap<String, String>,
}

fn time(text: &Json) -> Timestamp {
    jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text.as_str().unwrap())
        .unwrap()
        .to_timestamp()
        .unwrap()
}

/// A person's address, where it is one.
pub(super) fn address(person: &Json) -> Option<String> {
    let email = person["emailAddress"].as_str()?;
    let is_one = email.contains('@') && !email.contains(' ');
    is_one.then(|| email.to_lowercase())
}

fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

impl State {
    /// What the five pipelines have to make of the issues, on top of what was there before.
    pub(super) fn expected(issues: &[Json], first_run: Timestamp, before: Self) -> Self {
        let days = |count: i64| first_run - SignedDuration::from_hours(24 * count);
        let mut state = before;
        let mut newest: BTreeMap<String, &Json> = BTreeMap::new();
        for issue in issues {
            let fields = &issue["fields"];
            if time(&fields["updated"]) >= days(30)
                && let Some(email) = address(&fields["reporter"])
            {
                state.of_reporter(issue, &email, (first_run, days(7)));
                let newer = newest.get(&email).is_none_or(|known| {
                    time(&known["fields"]["created"]) < time(&fields["created"])
                });
                if is_tracked(issue) && newer {
                    newest.insert(email, issue);
                }
            }
            state.of_people(issue, time(&fields["updated"]) >= days(90));
        }
        for (email, issue) in newest {
            let status = text(&issue["fields"]["status"]["name"]);
            state.tickets.insert(email, (text(&issue["key"]), status));
        }
        state
    }

    /// `support-tickets`, `issue-events` and `status-changes`.
    fn of_reporter(
        &mut self,
        issue: &Json,
        email: &str,
        (first_run, backfill): (Timestamp, Timestamp),
    ) {
        let fields = &issue["fields"];
        let id = issue["id"].as_str().unwrap();
        let tracked = is_tracked(issue);
        if tracked {
            let list = match fields["project"]["key"].as_str().unwrap() {
                "SUPPORT" => "Support",
                _ => "Product",
            };
            self.is_in(list, email);
            self.accounts
                .insert(email.to_owned(), text(&fields["reporter"]["accountId"]));
        }
        let mut add = |name: &str, id: String| {
            assert!(self.events.entry(name.to_owned()).or_default().insert(id));
        };
        if time(&fields["created"]) >= first_run {
            add("issue_created", format!("{id}-created"));
        }
        for history in issue["changelog"]["histories"].as_array().unwrap() {
            let at = time(&history["created"]);
            for item in history["items"].as_array().unwrap() {
                let name = item["fieldId"].as_str().unwrap_or_default();
                let id = format!("{id}-{}-{name}", history["id"].as_str().unwrap());
                if name == "status" && tracked && at >= backfill {
                    add("ticket_status_changed", id.clone());
                }
                if at < first_run {
                    continue;
                }
                match name {
                    "status" => add("status_changed", id),
                    "resolution" if !item["toString"].is_null() => add("issue_resolved", id),
                    other if UPDATES.contains(&other) => add("issue_updated", id),
                    _ => {}
                }
            }
        }
    }

    /// `people-projects` and `team-capacity-open`.
    fn of_people(&mut self, issue: &Json, is_recent: bool) {
        let fields = &issue["fields"];
        for who in ["reporter", "assignee"] {
            let person = &fields[who];
            let Some(email) = address(person).filter(|_| is_recent) else {
                continue;
            };
            let project = fields["project"]["name"].as_str().unwrap();
            self.is_in(&format!("Jira: {project}"), &email);
            self.accounts.insert(email, text(&person["accountId"]));
        }
        if fields["status"]["statusCategory"]["key"] != "done"
            && let Some(email) = address(&fields["assignee"])
        {
            *self.open.entry(email).or_default() += 1;
        }
    }

    fn is_in(&mut self, list: &str, email: &str) {
        let members = self.lists.entry(list.to_owned()).or_default();
        members.insert(email.to_owned());
    }

    /// What Brevo has; an event that is there twice fails.
    pub(super) fn found(contacts: &[Json], lists: &[Json], events: &[Json]) -> Self {
        let mut state = Self::default();
        let mut names = BTreeMap::new();
        for list in lists {
            names.insert(list["id"].as_u64().unwrap(), text(&list["name"]));
        }
        for contact in contacts {
            let email = contact["email"].as_str().unwrap().to_lowercase();
            let attribute = |name: &str| contact["attributes"][name].as_str().map(str::to_owned);
            let ticket = attribute("LAST_TICKET_KEY").zip(attribute("LAST_TICKET_STATUS"));
            if let Some(ticket) = ticket {
                state.tickets.insert(email.clone(), ticket);
            }
            if let Some(account) = attribute("JIRA_ACCOUNT_ID") {
                state.accounts.insert(email.clone(), account);
            }
            let open = contact["attributes"]["JIRA_OPEN_ISSUES"].as_u64();
            if let Some(open) = open.filter(|open| *open > 0) {
                state.open.insert(email.clone(), open);
            }
            for id in contact["listIds"].as_array().into_iter().flatten() {
                state.is_in(&names[&id.as_u64().unwrap()], &email);
            }
        }
        for event in events {
            let name = text(&event["event_name"]);
            let id = text(&event["event_properties"]["event_id"]);
            let ids = state.events.entry(name).or_default();
            assert!(ids.insert(id.clone()), "{id} was sent twice");
        }
        state
    }
}

fn is_tracked(issue: &Json) -> bool {
    TRACKED.contains(&issue["fields"]["issuetype"]["name"].as_str().unwrap())
}
