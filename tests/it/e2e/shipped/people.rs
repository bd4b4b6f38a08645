//! `people` and `people-projects`.

use serde_json::{Value, json};

use super::super::QUICK;
use super::{assert_sends_nothing, attributes, brevo, edit, lists, reported, run, shipped};

#[test]
fn people_are_contacts_and_one_who_is_called_something_else_is_updated() {
    let (world, project) = shipped(&["people"], &QUICK);
    run(&project, "people");
    let users = world.api(
        "GET",
        "rest/api/3/users/search?maxResults=1000",
        &Value::Null,
    );
    let users = users.as_array().unwrap();
    let people = users.iter().filter(|user| {
        let email = user["emailAddress"].as_str().unwrap_or_default();
        let is_address = email.contains('@') && !email.contains(' ');
        user["accountType"] == "atlassian" && user["active"] == true && is_address
    });
    let mut count = 0;
    for user in people.clone() {
        let contact = attributes(&world, user["emailAddress"].as_str().unwrap());
        assert_eq!(contact["JIRA_ACCOUNT_ID"], user["accountId"], "{user}");
        count += 1;
    }
    assert!(count > 10, "{count}");
    let contacts = brevo(&world, "contacts");
    let linked = contacts
        .iter()
        .filter(|one| one["attributes"]["JIRA_ACCOUNT_ID"].is_string());
    assert_eq!(linked.count(), count, "nobody else is one");
    assert_sends_nothing(&project, "people");

    let someone = people.clone().next().unwrap();
    let change = json!({ "user": someone["accountId"], "name": "Rosalind Franklin" });
    edit(&world, &json!({ "change_user": change }));
    let operations = run(&project, "people");
    assert_eq!(operations["brevo.contacts"]["updated"], 1, "{operations}");
    let email = someone["emailAddress"].as_str().unwrap();
    assert_eq!(attributes(&world, email)["FIRSTNAME"], "Rosalind");
    assert_sends_nothing(&project, "people");
}

#[test]
fn who_reports_an_issue_is_in_the_list_of_its_project() {
    let (world, project) = shipped(&["people-projects"], &QUICK);
    run(&project, "people-projects");
    assert_sends_nothing(&project, "people-projects");
    let email = "ines@customer.example";
    assert_eq!(attributes(&world, email), Value::Null);
    reported(&world, "SUPPORT", email);
    let operations = run(&project, "people-projects");
    assert_eq!(operations["brevo.contacts"]["created"], 1, "{operations}");
    assert_eq!(lists(&world, email), ["Jira: Customer Support"]);
    reported(&world, "PRODUCT", email);
    run(&project, "people-projects");
    let both = ["Jira: Customer Support", "Jira: Product"];
    assert_eq!(lists(&world, email), both);
    assert!(attributes(&world, email)["JIRA_ACCOUNT_ID"].is_string());
    // An edit of what is known brings nothing new.
    edit(
        &world,
        &json!({ "comment": { "issue": "SUPPORT-1", "text": "again" } }),
    );
    assert_sends_nothing(&project, "people-projects");
}
