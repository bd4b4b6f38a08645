//! What `check` asks an account, one step a function.

use serde::Deserialize;

use super::session::{OTHER, Session};
use crate::http::Failure;

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    plan: Vec<Plan>,
}

#[derive(Deserialize)]
struct Plan {
    #[serde(rename = "type")]
    kind: Option<String>,
    credits: Option<serde_json::Number>,
}

/// The account's plans, in its words.
///
/// # Errors
/// What stands in the way.
pub async fn plans(session: &Session) -> Result<Vec<String>, Failure> {
    let account: Account = session.get(OTHER, "/account").await?;
    Ok(account
        .plan
        .into_iter()
        .filter_map(|plan| {
            let kind = plan.kind?;
            Some(match plan.credits {
                Some(credits) => format!("{kind}, {credits} credits"),
                None => kind,
            })
        })
        .collect())
}

/// Makes sure that campaigns can be asked for.
///
/// # Errors
/// What stands in the way.
pub async fn campaigns(session: &Session) -> Result<(), Failure> {
    // What they are is not looked at.
    session
        .get::<serde::de::IgnoredAny>(OTHER, "/emailCampaigns?limit=1&excludeHtmlContent=true")
        .await?;
    Ok(())
}
