//! `unsubscribes`: what Brevo tells is told in Jira.

use serde_json::{Value, json};

use super::super::QUICK;
use super::super::served::{self, Served, until};
use super::super::world::World;
use super::{JANE, assert_sends_nothing, edit, reported, shipped};

/// The texts of an issue's comments.
fn comments(world: &World, issue: &str) -> Vec<String> {
    let path = format!("rest/api/3/issue/{issue}/comment");
    let found = world.api("GET", &path, &Value::Null);
    let text = |one: &Value| {
        let text = &one["body"]["content"][0]["content"][0]["text"];
        text.as_str().unwrap().to_owned()
    };
    found["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect()
}

/// Posts as Brevo does; the status of the answer.
fn post(port: u16, token: &str, body: &Value) -> u16 {
    let headers = format!("authorization: Bearer {token}");
    served::post(port, "/webhooks/marketing", &headers, &body.to_string())
}

#[test]
fn who_unsubscribes_is_told_of_once_on_each_open_ticket() {
    let (world, project) = shipped(&["unsubscribes"], &QUICK);
    project.edit(
        "flowline.yaml",
        "visible_after",
        "webhook_secret: \"${SECRET}\", visible_after",
    );
    let [first, second, done] =
        ["SUPPORT", "PRODUCT", "SUPPORT"].map(|of| reported(&world, of, JANE));
    edit(
        &world,
        &json!({ "status": { "issue": done, "to": "Done" } }),
    );
    let port = Served::address(&project);
    let served = Served::start(project.command(&["serve"]), port);
    until("the registration", || {
        (world.get("hooks")["registered"]["brevo"] == 2).then_some(())
    });
    let told = json!({ "id": 9, "event": "unsubscribe", "email": JANE, "camp_id": 12,
        "list_id": [3], "ts": 1_795_564_800, "date": "2026-11-25 01:00:00" });
    assert_eq!(post(port, "another", &told), 401);
    assert_eq!(post(port, "hush", &told), 200);
    let said = format!("{JANE}: unsubscribed in Brevo on 2026-11-25");
    for issue in [&first, &second] {
        until("the comment", || {
            (comments(&world, issue) == [said.clone()]).then_some(())
        });
    }
    // Told once more, by another of Brevo's webhooks: it is the same event.
    let mut again = told.clone();
    again["id"] = json!(10);
    assert_eq!(post(port, "hush", &again), 200);
    assert_eq!(post(port, "hush", &told), 200);
    // Another event passes them by: what came before it is worked off.
    let bounced = json!({ "id": 9, "event": "hard_bounce", "email": JANE, "ts_event": 1_795_651_200,
        "message-id": "<1@smtp-relay.mailin.fr>", "reason": "550", "date": "2026-11-26 01:00:00" });
    assert_eq!(post(port, "hush", &bounced), 200);
    let both = [said, format!("{JANE}: hard_bounce in Brevo on 2026-11-26")];
    for issue in [&first, &second] {
        until("the second", || {
            (comments(&world, issue) == both).then_some(())
        });
    }
    served.stop();
    assert_sends_nothing(&project, "unsubscribes");
    assert!(comments(&world, &done).is_empty(), "it is closed");
    assert_eq!(comments(&world, &first).len(), 2);
}
