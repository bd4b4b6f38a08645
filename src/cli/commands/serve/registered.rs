//! Webhooks are registered while it serves: at the start, every hour, and when the project was
//! edited. One that is refused is told of, and everything else goes on.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::one::{Done, Work};
use super::project::Project;
use crate::cli::commands::webhooks::{keep_secret, same_secret};
use crate::cli::services::{NotConnected, kept, state_file};
use crate::cli::time::now;
use crate::plan::Plan;
use crate::runtime::registration::{
    Ask, Outcome, Verb, Wanted, Way, by_hand, delivery_url, settle, wanted, way,
};
use crate::runtime::webhook_secret;
use crate::server::health::Reason;
use crate::state::{SecretMarks, StateError};

/// Registers what is missing, renews what expires soon, corrects what moved.
pub(super) async fn register(work: &Work<'_>, project: Rc<Project>) -> Done {
    let mut troubles: Vec<String> = Vec::new();
    let Some(public_url) = project.public_url() else {
        // `/readyz` says so where a pipeline is live.
        return Done::Registered(Vec::new());
    };
    let plans: Vec<Arc<Plan>> = project.plans.values().cloned().collect();
    for one in wanted(&plans) {
        let url = delivery_url(public_url, &one.connection);
        let mut outcome = Outcome::default();
        if let Err(why) = settled(work, &project, &one, &url, &mut outcome).await {
            troubles.push(why);
        }
        troubles.append(&mut outcome.refused);
        for standing in &outcome.standing {
            tracing::info!(
                connection = &*standing.connection,
                kind = standing.kind,
                "webhooks are {}",
                standing.done
            );
        }
    }
    for why in &troubles {
        tracing::error!("a webhook is not registered: {why}");
    }
    let reason = |message| Reason {
        code: "webhook.not_registered".to_owned(),
        message,
        file: None,
    };
    Done::Registered(troubles.into_iter().map(reason).collect())
}

/// Settles the webhooks of one connection, which the others do not depend on.
async fn settled(
    work: &Work<'_>,
    project: &Project,
    wanted: &Wanted,
    url: &str,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let opened = &project.opened;
    let loaded = opened.loaded.as_ref().ok_or("the project is not read")?;
    let kept = kept(work.context, opened)
        .map_err(|_| "what the project keeps sealed cannot be read".to_owned())?;
    let way = way(loaded, wanted, &opened.root, &kept).map_err(|trouble| trouble.message)?;
    if matches!(way, Way::ByHand) {
        let secret = webhook_secret(loaded, &wanted.connection, &opened.root, &kept);
        return match secret.map_err(|trouble| trouble.message)? {
            Some(_) => {
                tracing::info!(
                    connection = &*wanted.connection,
                    "a person registers its webhooks: such a token may not"
                );
                Ok(())
            }
            None => Err(by_hand(wanted, url).message),
        };
    }
    let marks = SecretMarks::of(&state_file(work.context, opened));
    let said = |error: StateError| error.to_string();
    let same_secret = same_secret(&marks, &way, wanted).map_err(said)?;
    let names = [Arc::clone(&wanted.connection)];
    let whole = BTreeMap::new();
    let connected = work
        .gateway
        .connect(loaded, &opened.root, &kept, &names, &whole)
        .await
        .map_err(|why| match why {
            NotConnected::Refused(failure) => failure.message,
            NotConnected::Written(troubles) => {
                let said: Vec<String> = troubles.into_iter().map(|one| one.message).collect();
                said.join("; ")
            }
        })?;
    let ask = Ask {
        verb: Verb::Register,
        url,
        now: now().as_millisecond(),
        same_secret,
    };
    settle(&connected, &way, wanted, ask, outcome)
        .await
        .map_err(|failure| failure.message)?;
    keep_secret(&marks, &way, wanted, same_secret).map_err(said)
}
