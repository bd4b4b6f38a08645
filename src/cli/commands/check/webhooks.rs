//! Whether webhooks are registered, and can reach the server.

use super::super::telling::time;
use super::Subject;
use super::steps::Wrong;
use crate::cli::time::now;
use crate::http::{Method, Request};
use crate::runtime::registration::{
    Ask, Outcome, Verb, Wanted, Way, by_hand, delivery_url, settle, untold, wanted, way,
};
use crate::runtime::{Connected, webhook_secret};

/// Looks what is registered, and asks the server for its health where the services reach it.
pub(super) async fn webhooks(
    subject: &Subject<'_>,
    connected: &Connected,
) -> Result<((), String), Wrong> {
    let plans: Vec<_> = subject.plans.iter().map(|&plan| plan.clone()).collect();
    let wanted = wanted(&plans).into_iter();
    let Some(wanted) = wanted
        .filter(|one| one.connection == *subject.name)
        .find(|one| !one.events.is_empty())
    else {
        return Ok(((), "no pipeline wants them".to_owned()));
    };
    if subject.sandbox {
        return Ok(((), "the sandbox posts its events itself".to_owned()));
    }
    let Some(public_url) = subject.public_url else {
        return Ok((
            (),
            "no server.public_url: none are registered, live pipelines poll only".to_owned(),
        ));
    };
    // Each is told of, whatever the other says.
    let (registered, answers) = futures::future::join(
        registered(subject, &wanted, public_url, connected),
        answers(subject, public_url),
    )
    .await;
    match (registered, answers) {
        (Ok(registered), Ok(())) => Ok(((), format!("{registered}, and {public_url} answers"))),
        (Err(wrong), Ok(())) | (Ok(_), Err(wrong)) => Err(wrong),
        (Err(one), Err(other)) => Err(Wrong::new(
            format!("{}; {}", one.detail, other.detail),
            format!("{}; {}", one.help, other.help),
        )),
    }
}

/// What is registered, in words.
async fn registered(
    subject: &Subject<'_>,
    wanted: &Wanted,
    public_url: &str,
    connected: &Connected,
) -> Result<String, Wrong> {
    let written =
        |trouble: crate::runtime::EndpointTrouble| Wrong::new(trouble.message, trouble.help);
    let way = way(subject.loaded, wanted, subject.root, subject.kept).map_err(written)?;
    let url = delivery_url(public_url, subject.name);
    if matches!(way, Way::ByHand) {
        let secret = webhook_secret(subject.loaded, subject.name, subject.root, subject.kept);
        return match secret.map_err(written)? {
            Some(_) => Ok("a person registers them, which a token cannot look up".to_owned()),
            None => Err(by_hand(wanted, &url).into()),
        };
    }
    let ask = Ask {
        verb: Verb::List,
        url: &url,
        now: now().as_millisecond(),
        same_secret: true,
    };
    let mut outcome = Outcome::default();
    settle(connected, &way, wanted, ask, &mut outcome).await?;
    let untold = untold(&way, wanted);
    if !untold.is_empty() {
        return Err(Wrong::new(
            format!("Jira does not tell OAuth apps of {}", untold.join(", ")),
            "leave these events to a source that polls, such as `jira.worklogs` or `jira.users`, or get in as an administrator: `auth: { basic: … }`",
        ));
    }
    let register = format!(
        "flowline webhooks register {}; `flowline serve` does so by itself",
        subject.name
    );
    let Some(one) = outcome.standing.first().filter(|one| one.done != "missing") else {
        return Err(Wrong::new(format!("not registered: {url}"), register));
    };
    if !outcome.standing.iter().all(|one| one.current) {
        return Err(Wrong::new(
            "registered for other events or issues than the pipelines want",
            register,
        ));
    }
    Ok(match one.expires_at {
        Some(at) => format!("registered until {}", time(at)),
        None => "registered".to_owned(),
    })
}

async fn answers(subject: &Subject<'_>, public_url: &str) -> Result<(), Wrong> {
    let help = "start `flowline serve`, and check the proxy, tunnel or firewall before it";
    let url = format!("{public_url}/healthz")
        .parse()
        .map_err(|_| Wrong::new("server.public_url is no address", "write https://…"))?;
    let answer = subject.transport.send(Request::new(Method::Get, url)).await;
    match answer {
        Ok(answer) if answer.is_success() => Ok(()),
        Ok(answer) => Err(Wrong::new(
            format!("{public_url}/healthz answers {}", answer.status),
            help,
        )),
        Err(error) => Err(Wrong::new(
            format!("{public_url}/healthz does not answer ({})", error.detail),
            help,
        )),
    }
}
