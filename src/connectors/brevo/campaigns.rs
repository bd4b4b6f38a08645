//! Campaigns: each made as a draft, its id kept, then sent; never sent twice.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::account::AccountFacts;
use super::contacts::rejected;
use super::session::{OTHER, Session, TEMPLATES};
use super::spec::ListRef;
use super::verdict;
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Failure, Method, Safety};
use crate::operation::Operation;
use crate::record::Value;

/// How many campaigns a page has: Brevo's most.
const A_PAGE: usize = 100;
/// How many pages are looked through for a name.
const PAGES: usize = 20;

/// Sends campaigns of one sink.
pub struct CampaignWriter {
    session: Arc<Session>,
    account: Arc<AccountFacts>,
}

#[derive(Deserialize)]
struct Campaign {
    id: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Campaigns {
    #[serde(default)]
    campaigns: Vec<Campaign>,
}

impl CampaignWriter {
    /// A writer to an account.
    #[must_use]
    pub const fn new(session: Arc<Session>, account: Arc<AccountFacts>) -> Self {
        Self { session, account }
    }

    async fn one(&self, operation: &Operation) -> Outcome {
        match &operation.receipt {
            None => self.create(operation).await,
            Some(id) => self.send(id).await,
        }
    }

    async fn create(&self, operation: &Operation) -> Outcome {
        let body = match self.body(operation).await {
            Ok(body) => body.to_string().into_bytes(),
            Err(failure) => return verdict::repeatable(failure),
        };
        let answer = self
            .session
            .send(
                Method::Post,
                OTHER,
                "/emailCampaigns",
                Some(body),
                Safety::Once,
            )
            .await;
        match answer {
            Ok(answer) => {
                let id = serde_json::from_slice::<Json>(&answer.body)
                    .ok()
                    .and_then(|answer| answer.get("id")?.as_i64());
                match id {
                    Some(id) => Outcome::Begun {
                        receipt: id.to_string().into(),
                    },
                    None => Outcome::Unknown {
                        failure: Failure::new(
                            Class::BrokenAnswer,
                            "Brevo: POST /emailCampaigns: the answer names no campaign",
                        ),
                    },
                }
            }
            Err(failure) => verdict::once(failure),
        }
    }

    /// Sends a draft. Its status is asked first: whatever happened before, one that is no draft any
    /// more is sent, or being sent.
    async fn send(&self, id: &str) -> Outcome {
        match self.status(id).await {
            Ok(status) if is_draft(&status) => {}
            Ok(status) if status == "suspended" => {
                return Outcome::Rejected {
                    failure: rejected("the campaign is suspended")
                        .help("send it in Brevo under Campaigns, or delete it there"),
                };
            }
            Ok(_) => return Outcome::Applied(Applied::Sent),
            Err(failure) if failure.class == Class::NotFound => {
                return Outcome::Rejected {
                    failure: rejected("the campaign's draft is not there any more")
                        .help("somebody deleted it before it was sent"),
                };
            }
            Err(failure) => return verdict::repeatable(failure),
        }
        let path = format!("/emailCampaigns/{id}/sendNow");
        let answer = self
            .session
            .send(Method::Post, OTHER, &path, None, Safety::Once)
            .await;
        match answer {
            Ok(_) => Outcome::Applied(Applied::Sent),
            Err(failure) => verdict::once(failure),
        }
    }

    async fn status(&self, id: &str) -> Result<String, Failure> {
        if id.parse::<u64>().is_err() {
            return Err(rejected("what Brevo called the campaign is no id"));
        }
        let campaign: Campaign = self
            .session
            .get(OTHER, &format!("/emailCampaigns/{id}"))
            .await?;
        Ok(campaign.status)
    }

    async fn body(&self, operation: &Operation) -> Result<Json, Failure> {
        let payload = &operation.payload;
        let json = |name: &str| payload.get(name).map(serde_json::to_value);
        let json = |name: &str| json(name).and_then(Result::ok);
        let mut body = Map::new();
        body.insert("name".into(), json("name").unwrap_or_default());
        let template = payload.get("template").and_then(super::spec::template_id);
        let template = template.ok_or_else(|| rejected("the campaign's template is no id"))?;
        body.insert("templateId".into(), template.into());
        let mut lists = Vec::new();
        for list in payload
            .get("lists")
            .and_then(Value::as_array)
            .unwrap_or_default()
        {
            let list = ListRef::from_value(list)
                .ok_or_else(|| rejected("an entry of the lists names none"))?;
            match self.account.list_id(&list).map_err(rejected)? {
                Some(id) if !lists.contains(&id) => lists.push(id),
                Some(_) => {}
                None => {
                    let name = match list {
                        ListRef::Id(id) => id.to_string(),
                        ListRef::Name(name) => format!("`{name}`"),
                    };
                    return Err(rejected(format!("the account has no list {name}"))
                        .help("`flowline fields` shows the account's lists"));
                }
            }
        }
        body.insert("recipients".into(), json!({ "listIds": lists }));
        let (subject, sender) = (json("subject"), json("sender"));
        if subject.is_none() || sender.is_none() {
            // Brevo copies no more of a template than its content.
            let template: Json = self
                .session
                .get(TEMPLATES, &format!("/smtp/templates/{template}"))
                .await?;
            for (name, given) in [("subject", subject), ("sender", sender)] {
                let value = given.or_else(|| template.get(name).cloned().map(sender_alone));
                body.insert(name.into(), value.unwrap_or_default());
            }
        } else {
            body.insert("subject".into(), subject.unwrap_or_default());
            body.insert("sender".into(), sender.unwrap_or_default());
        }
        Ok(body.into())
    }

    async fn look(&self, operation: &Operation) -> Result<Found, Failure> {
        if let Some(id) = &operation.receipt {
            return Ok(if is_draft(&self.status(id).await?) {
                Found::Absent
            } else {
                Found::There
            });
        }
        let name = operation.payload.get("name").and_then(Value::as_str);
        let mut alike = Vec::new();
        for page in 0..PAGES {
            let path = format!(
                "/emailCampaigns?limit={A_PAGE}&offset={}&sort=desc&excludeHtmlContent=true",
                page * A_PAGE
            );
            let found: Campaigns = self.session.get(OTHER, &path).await?;
            let last = found.campaigns.len() < A_PAGE;
            let same = |one: &Campaign| Some(one.name.as_str()) == name;
            alike.extend(found.campaigns.into_iter().filter(same).map(|campaign| {
                let receipt = campaign.id.to_string().into();
                if is_draft(&campaign.status) {
                    Found::Begun { receipt }
                } else {
                    Found::Sent { receipt }
                }
            }));
            if last {
                break;
            }
        }
        // Campaigns of other operations may have the name too.
        Ok(Found::Among(alike))
    }
}

fn is_draft(status: &str) -> bool {
    status == "draft"
}

/// A sender is named by its e-mail or its id, not by both.
fn sender_alone(mut value: Json) -> Json {
    if let Some(members) = value.as_object_mut()
        && members.get("email").is_some_and(Json::is_string)
    {
        members.remove("id");
    }
    value
}

impl Writer for CampaignWriter {
    fn batch_size(&self) -> usize {
        // What became of one is kept before the next is sent.
        1
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(operations.len());
            for operation in operations {
                outcomes.push(self.one(operation).await);
            }
            outcomes
        })
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(operations.len());
            for operation in operations {
                found.push(self.look(operation).await.ok());
            }
            found
        })
    }
}

#[cfg(test)]
mod tests;
