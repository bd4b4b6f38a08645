//! The control requests, on either port, JSON in and out (`docs/sandbox.md` has examples of each):
//!
//! | request | does |
//! |---|---|
//! | `GET /_sandbox/faults`, `PUT` `{rules:[…]}`, `DELETE` | shows, replaces, removes the faults |
//! | `GET /_sandbox/requests`, `DELETE` | counts by service, method and path; begins anew |
//! | `GET /_sandbox/clock`, `POST` `{advance_s}`, `{fixed: TIME}` or `{released: true}` | the time |
//! | `PUT /_sandbox/limits` `{on}` | switches the rate limits |
//! | `PUT /_sandbox/jira/consent` `{deny: BOOL}`, `{expire: true}`, `{revoke: true}`, `{sites: […]}`, `{grant: […]}`, `{lack: […]}` | what the person at the browser does, and what becomes of tokens |
//! | `POST /_sandbox/jira/edit` `{status: {issue, to}}`, `{comment: …}`, `{create: …}`, `{fields: …}`, `{delete: …}`, `{change_comment: {issue, comment, …}}`, `{delete_comment: {issue, comment}}`, `{worklog: {issue, seconds}}`, `{change_worklog: {worklog, …}}`, `{delete_worklog: {worklog}}`, `{release: {version}}`, `{close_sprint: {sprint}}`, `{change_user: {user, …}}`, `{rename_project: {project, name}}` | edits the site |
//! | `GET /_sandbox/hooks`, `PUT` `{lose, duplicate, reorder, off}` | what was posted to webhooks, and how many are registered; how posting goes wrong |
//! | `GET /_sandbox/jira/lag` | until when edits are unseen by the search |
//! | `GET /_sandbox/brevo/contacts`, `events`, `lists`, `attributes` | the end state |
//! | `PUT /_sandbox/brevo/settings` | how the account behaves |
//! | any method on `/_sandbox/brevo/v3/…` | the same as Brevo's own, without key, limits and faults |
//! | `DELETE /_sandbox/brevo/attributes/NAME` | removes an attribute |

use std::sync::atomic::Ordering;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::brevo::Settings;
use super::clock::utc;
use super::exchange::{Reply, Request};
use super::faults::Faults;
use super::front::World;
use super::hooks::lock;
use super::jira::{Consent, Edit};

/// What there is to ask, with examples.
const PAGE: &str = include_str!("../../docs/sandbox.md");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    on: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Time {
    #[serde(rename = "advance_s")]
    Advance(f64),
    Fixed(String),
    Released(bool),
}

/// Answers a control request.
pub(super) fn answer(world: &World, request: &Request) -> Reply {
    control(world, request)
        .unwrap_or_else(|message| Reply::json(400, &json!({ "message": message })))
}

fn control(world: &World, request: &Request) -> Result<Reply, String> {
    let route = request.route();
    let done = || Ok(Reply::json(200, &json!({ "done": true })));
    match (request.method.as_str(), route.get(1..).unwrap_or_default()) {
        ("GET", []) => Ok(Reply::text(200, PAGE)),
        ("GET", ["faults"]) => Ok(shown(&world.faults.rules())),
        ("PUT" | "POST", ["faults"]) => {
            world.faults.replace(read(request)?);
            done()
        }
        ("DELETE", ["faults"]) => {
            world.faults.replace(Faults::none());
            done()
        }
        ("GET", ["requests"]) => Ok(Reply::json(200, &world.counts.report())),
        ("DELETE", ["requests"]) => {
            world.counts.reset();
            done()
        }
        ("GET", ["clock"]) => Ok(Reply::json(200, &json!({ "now": utc(world.clock.now()) }))),
        ("PUT" | "POST", ["clock"]) => {
            match read(request)? {
                Time::Advance(seconds) => world.clock.advance((seconds * 1000.0) as i64),
                Time::Fixed(text) => {
                    let at: jiff::Timestamp =
                        text.parse().map_err(|error| format!("{text}: {error}"))?;
                    world.clock.fix(at.as_millisecond());
                }
                Time::Released(true) => world.clock.release(),
                Time::Released(false) => {}
            }
            Ok(Reply::json(200, &json!({ "now": utc(world.clock.now()) })))
        }
        ("PUT" | "POST", ["limits"]) => {
            let Limits { on } = read(request)?;
            world.limits.store(on, Ordering::Relaxed);
            done()
        }
        ("GET", ["hooks"]) => {
            let mut told = serde_json::to_value(&*lock(&world.postman.posted)).unwrap_or_default();
            let (hooks, now) = (lock(&world.hooks), world.clock.now());
            let lives = hooks.dynamic.iter().filter(|hook| hook.expires > now);
            told["registered"] = json!({
                "admin": hooks.admin.len(), "dynamic": lives.count(), "brevo": hooks.brevo.len(),
            });
            Ok(Reply::json(200, &told))
        }
        ("PUT" | "POST", ["hooks"]) => {
            *lock(&world.postman.how) = read(request)?;
            done()
        }
        ("POST", ["jira", "edit"]) => {
            let edit: Edit = read(request)?;
            world.edit(&edit).map(|named| Reply::json(200, &named))
        }
        ("PUT" | "POST", ["jira", "consent"]) => {
            let consent: Consent = read(request)?;
            world.jira.consent(&consent, world.clock.now());
            done()
        }
        ("GET", ["jira", "lag"]) => {
            let until = world.jira.unseen_until(world.clock.now());
            Ok(Reply::json(200, &json!({ "unseen_until": until.map(utc) })))
        }
        ("PUT" | "POST", ["brevo", "settings"]) => {
            let settings: Settings = read(request)?;
            world.brevo.set(settings);
            done()
        }
        ("GET", ["brevo", what]) if *what != "v3" => world
            .brevo
            .end_state(what)
            .map(|state| Reply::json(200, &state))
            .ok_or_else(|| format!("nothing is kept under {what}")),
        (_, ["brevo", rest @ ..]) => {
            Ok(world
                .brevo
                .control(request, rest, world.clock.now(), |change| {
                    world.keep(change);
                }))
        }
        _ => Ok(Reply::json(
            404,
            &json!({ "message": "no such control: GET /_sandbox lists them" }),
        )),
    }
}

fn shown(value: &impl serde::Serialize) -> Reply {
    Reply::json(200, &serde_json::to_value(value).unwrap_or(Value::Null))
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}
