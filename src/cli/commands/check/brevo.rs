//! The steps of a Brevo account, once it is reached.

use super::Subject;
use super::steps::{Steps, Wrong};
use crate::connectors::brevo::spec::ListRef;
use crate::connectors::brevo::{AccountFacts, Needs, Session, check as ask, refusal};
use crate::plan::{SinkKind, SinkPlan, literal_lists};

/// Tries the steps from `plan` to `campaigns`.
pub(super) async fn check(subject: &Subject<'_>, session: Option<&Session>, steps: &mut Steps) {
    let Some(session) = session else {
        for step in ["plan", "attributes", "lists", "campaigns"] {
            steps.known(step, Ok(String::new()));
        }
        return;
    };
    steps.tried("plan", false, plan(session)).await;
    // One answer tells of attributes and lists.
    let sinks = sinks(subject);
    let mut facts = None;
    let read = async {
        let account = AccountFacts::read(session).await?;
        let known = facts.insert(account);
        attributes(known, &sinks).map(|detail| ((), detail))
    };
    steps.tried("attributes", false, read).await;
    match &facts {
        Some(facts) => steps.known("lists", lists(facts, &sinks)),
        None => steps.known(
            "lists",
            Err(Wrong::new(
                "not read, as attributes were not",
                "mend attributes first",
            )),
        ),
    }
    let wants = sinks.iter().any(|sink| &*sink.name == "brevo.campaigns");
    let campaigns = async {
        if !wants {
            return Ok(((), "no pipeline sends them".to_owned()));
        }
        ask::campaigns(session).await?;
        Ok(((), "can be asked for".to_owned()))
    };
    steps.tried("campaigns", false, campaigns).await;
}

/// The sinks of this connection.
fn sinks<'p>(subject: &Subject<'p>) -> Vec<&'p SinkPlan> {
    let mut sinks = Vec::new();
    for plan in &subject.plans {
        let of = plan.sinks.iter();
        sinks.extend(of.filter(|sink| sink.connection.as_ref() == Some(subject.name)));
    }
    sinks
}

async fn plan(session: &Session) -> Result<((), String), Wrong> {
    let plans = ask::plans(session).await?;
    Ok((
        (),
        if plans.is_empty() {
            "the account does not say which".to_owned()
        } else {
            plans.join("; ")
        },
    ))
}

fn attributes(facts: &AccountFacts, sinks: &[&SinkPlan]) -> Result<String, Wrong> {
    let mut needs = Needs::default();
    for sink in sinks {
        match &sink.kind {
            SinkKind::Contacts(contacts) => facts.check_contacts(contacts, &mut needs),
            SinkKind::Events(events) => facts.check_events(events, &mut needs),
            _ => {}
        }
    }
    if let Some(failure) = refusal(&needs) {
        return Err(failure.into());
    }
    let there = facts.attributes.len();
    Ok(match needs.create.len() {
        0 => format!("{there} there, none lacking"),
        new => format!("{there} there, a run creates {new}"),
    })
}

fn lists(facts: &AccountFacts, sinks: &[&SinkPlan]) -> Result<String, Wrong> {
    let there = facts.lists.len();
    let mut lacking = Vec::new();
    for sink in sinks {
        for list in named(sink) {
            match facts.list_id(&list) {
                Ok(Some(_)) => {}
                Ok(None) => lacking.push(match list {
                    ListRef::Id(id) => id.to_string(),
                    ListRef::Name(name) => format!("`{name}`"),
                }),
                Err(several) => return Err(Wrong::new(several, "name it by its id")),
            }
        }
    }
    lacking.sort();
    lacking.dedup();
    if lacking.is_empty() {
        return Ok(format!("{there} there, none lacking"));
    }
    Err(Wrong::new(
        format!("the account lacks {}", lacking.join(", ")),
        "create it in Brevo, or correct the pipeline; `flowline fields` lists what there is",
    ))
}

/// The lists that a sink names in so many words and does not create.
fn named(sink: &SinkPlan) -> Vec<ListRef> {
    let SinkKind::Contacts(contacts) = &sink.kind else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for lists in contacts.lists.iter().chain(&contacts.unlink_lists) {
        literal_lists(&lists.value, &mut found);
    }
    let lists = found.into_iter().map(|(list, _)| list);
    lists
        .filter(|list| !(contacts.create_lists && matches!(list, ListRef::Name(_))))
        .collect()
}
