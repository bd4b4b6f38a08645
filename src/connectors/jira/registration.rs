//! Jira's webhooks: what is registered, and registering it. Admin webhooks are for accounts that
//! administer the site, dynamic ones for OAuth apps.

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::session::{Session, parsed};
use crate::expression::conversion::read_time;
use crate::http::{Class, Failure, Method, Safety, Secret};

const ADMIN: &str = "/rest/webhooks/1.0/webhook";
const DYNAMIC: &str = "/rest/api/3/webhook";

/// A webhook as the site has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// Where it delivers.
    pub url: String,
    /// Its events, by Jira's names, sorted.
    pub events: Vec<String>,
    /// Which issues; empty for all.
    pub filter: String,
    /// Until when it delivers, in epoch milliseconds; none: for ever.
    pub expires_at: Option<i64>,
    /// False where its deliveries are signed with nothing.
    pub signed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    permissions: std::collections::BTreeMap<String, Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    have_permission: bool,
}

impl Session {
    /// The site's admin webhooks.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn admin_webhooks(&self) -> Result<Vec<Registered>, Failure> {
        let all: Vec<Json> = self.get(ADMIN).await?;
        Ok(all.iter().filter_map(admin).collect())
    }

    /// Fails where the account may not administer the site.
    ///
    /// # Errors
    /// What it lacks; what stands in the way.
    pub async fn may_administer(&self) -> Result<(), Failure> {
        let path = "/rest/api/3/mypermissions?permissions=ADMINISTER";
        let asked: Permissions = self.get(path).await?;
        let may = asked.permissions.get("ADMINISTER");
        if may.is_some_and(|permission| permission.have_permission) {
            return Ok(());
        }
        Err(Failure::new(
            Class::Permission,
            "Jira: the account may not register webhooks: it does not administer the site",
        )
        .help("use an account with the permission Administer Jira, or an OAuth app (`auth: { oauth2: … }`)"))
    }

    /// Registers an admin webhook, or corrects the one of that id.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn put_admin_webhook(
        &self,
        id: Option<&str>,
        wanted: (&str, &str, &[String], &str),
        secret: &Secret,
    ) -> Result<(), Failure> {
        let (name, url, events, filter) = wanted;
        let body = json!({
            "name": name, "url": url, "events": events, "excludeBody": false,
            "filters": { "issue-related-events-section": filter },
            "secret": secret.expose(),
        });
        let body = body.to_string().into_bytes();
        match id {
            Some(id) => {
                let path = format!("{ADMIN}/{id}");
                self.change(Method::Put, &path, Some(body), Safety::Repeatable)
                    .await?
            }
            None => {
                self.change(Method::Post, ADMIN, Some(body), Safety::Once)
                    .await?
            }
        };
        Ok(())
    }

    /// Removes an admin webhook.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn remove_admin_webhook(&self, id: &str) -> Result<(), Failure> {
        let path = format!("{ADMIN}/{id}");
        self.change(Method::Delete, &path, None, Safety::Repeatable)
            .await
            .map(drop)
    }

    /// The app's dynamic webhooks on the site.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn dynamic_webhooks(&self) -> Result<Vec<Registered>, Failure> {
        let mut found = Vec::new();
        // Five for a user and an app at most: one page is plenty.
        let page: Json = self
            .get(&format!("{DYNAMIC}?startAt=0&maxResults=100"))
            .await?;
        for one in page["values"].as_array().into_iter().flatten() {
            let expires = &one["expirationDate"];
            found.push(Registered {
                id: plain(&one["id"]),
                url: plain(&one["url"]),
                events: texts(&one["events"]),
                filter: plain(&one["jqlFilter"]),
                expires_at: expires_at(expires),
                signed: true,
            });
        }
        Ok(found)
    }

    /// Registers a dynamic webhook; answers its id, or what Jira says is wrong with it.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn add_dynamic_webhook(
        &self,
        url: &str,
        events: &[String],
        filter: &str,
    ) -> Result<Result<String, Vec<String>>, Failure> {
        let body = json!({ "url": url, "webhooks": [{ "events": events, "jqlFilter": filter }] });
        let body = body.to_string().into_bytes();
        let response = self
            .change(Method::Post, DYNAMIC, Some(body), Safety::Once)
            .await?;
        let answer: Json = parsed(DYNAMIC, &response)?;
        // A refusal of one is inside of a 200.
        let result = &answer["webhookRegistrationResult"][0];
        let id = plain(&result["createdWebhookId"]);
        Ok(match id.is_empty() {
            false => Ok(id),
            true => Err(texts(&result["errors"])),
        })
    }

    /// Lets a dynamic webhook live for another 30 days.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn refresh_dynamic_webhook(&self, id: &str) -> Result<(), Failure> {
        let path = format!("{DYNAMIC}/refresh");
        self.change(Method::Put, &path, Some(of_ids(id)), Safety::Repeatable)
            .await
            .map(drop)
    }

    /// Removes a dynamic webhook.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn remove_dynamic_webhook(&self, id: &str) -> Result<(), Failure> {
        let body = Some(of_ids(id));
        self.change(Method::Delete, DYNAMIC, body, Safety::Repeatable)
            .await
            .map(drop)
    }
}

/// When a webhook ends: typed as a number of milliseconds, shown as a text, in the definition's own
/// example as a date.
fn expires_at(given: &Json) -> Option<i64> {
    if let Some(text) = given.as_str() {
        let date = || read_time(&text.into(), &TimeZone::UTC).ok();
        let number = text.trim().parse().ok();
        return number.or_else(|| date().map(jiff::Timestamp::as_millisecond));
    }
    given.as_i64()
}

fn of_ids(id: &str) -> Vec<u8> {
    let id: Json = id.parse::<u64>().map_or_else(|_| id.into(), Json::from);
    json!({ "webhookIds": [id] }).to_string().into_bytes()
}

fn admin(one: &Json) -> Option<Registered> {
    let id = one["self"].as_str()?.rsplit('/').next()?.to_owned();
    Some(Registered {
        id,
        url: plain(&one["url"]),
        events: texts(&one["events"]),
        filter: plain(&one["filters"]["issue-related-events-section"]),
        expires_at: None,
        // What an old site does not say is taken for well.
        signed: one["isSigned"].as_bool().unwrap_or(true),
    })
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn texts(value: &Json) -> Vec<String> {
    let mut texts: Vec<String> = value.as_array().into_iter().flatten().map(plain).collect();
    texts.sort();
    texts
}
