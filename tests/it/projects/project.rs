//! "What a project looks like", environments, the catalog's file.

use super::{Case, attributes, steps};

fn connected(members: &str) -> Case {
    let project = format!(
        "flowline: 1\nconnections:\n  support:\n    jira: {{ site: a.b, auth: {{ token: \"${{JIRA_API_TOKEN}}\" }} }}\n  marketing:\n    brevo: {{ {members} }}\n"
    );
    Case::of(&steps("  - keep: $.a")).with("flowline.yaml", project)
}

#[test]
fn a_secret_is_exactly_one_reference_and_one_mistake_where_it_is_none() {
    for (written, label) in [
        ("api_key: 123456", "******"),
        ("api_key: \"a${X}\"", "*******"),
        ("api_key: \"${BREVO_API_KEY:-x}\"", "********************"),
        ("api_key: \"${var:k}\"", "\"${var:k}\""),
    ] {
        let case = connected(written).and("vars: { k: 3 }\n");
        let found = case.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "secret.literal");
        assert!(found[0].1.contains(label.trim_matches('"')), "{found:?}");
        for text in case.shown() {
            assert!(!text.contains("123456"), "{text}");
        }
    }
    for written in ["\"${K}\"", "\"${secret:k}\"", "\"${file:k.txt}\""] {
        connected(&format!("api_key: {written}")).says(&[]);
    }
}

#[test]
fn a_misspelt_key_that_is_needed_is_one_mistake() {
    let text = attributes("TEXT: $.key").replace("identify:", "idenfity:");
    Case::of(&text).says(&[("form.unknown_key", "idenfity")]);
    let text = attributes("TEXT: $.key").replace("sinks:", "snks:");
    Case::of(&text).says(&[("form.unknown_key", "snks")]);
    let text = attributes("TEXT: $.key").replace("identify: {", "identify {");
    Case::of(&text).says(&[("form.unknown_key", "identify { email")]);
}

#[test]
fn sinks_without_their_key_are_one_mistake() {
    let text = attributes("TEXT: $.key").replace("sinks:", "transforms:");
    Case::of(&text).says(&[("form.unknown_step", "brevo.contacts")]);
}

#[test]
fn what_follows_from_misspelt_transforms_is_not_told() {
    let text = attributes("TEXT: $.change.to").replace(
        "      identify",
        "      tranforms: [each: { change: '$.changes[*]' }]\n      identify",
    );
    Case::of(&text).says(&[("form.unknown_key", "tranforms")]);
}

#[test]
fn one_way_in_of_several_is_kept() {
    let project = "flowline: 1\nconnections:\n  support:\n    jira: { site: a.b, auth: { token: \"${T}\", basic: { email: a@b.c, api_token: \"${T}\" } } }\n";
    let case = Case::of(&steps("  - keep: $.a")).with("flowline.yaml", project);
    case.says(&[("form.several_keys", "basic")]);
    assert!(case.shown()[0].contains("keep one of"));
}

#[test]
fn a_catalog_that_is_none_is_shown_where_it_ends_to_be_one() {
    let case = Case::of(&attributes("TEXT: $.key")).with(
        "catalog/marketing.json",
        "{\n  \"kind\": \"brevo\",\n  \"é\": x\n}",
    );
    let found = case.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "catalog.unreadable");
    assert!(case.shown()[0].contains("[catalog/marketing.json:3:"));
}

fn environments(text: &str) -> Case {
    let vars = "vars: { a: 1, m: { x: 1, y: [1, 2] } }\n";
    Case::of(&steps(
        "  - map: { a: { path: $.a, max_length: '${var:a}' } }",
    ))
    .and(&format!("{vars}environments:\n{text}\n"))
}

#[test]
fn an_environment_holds_connections_vars_state_and_server_and_nothing_new_in_vars() {
    environments("  prod: { vars: { a: 2 }, connections: { support: { jira: { site: c.d } } }, state: { sqlite: { path: x.db } }, server: { listen: '127.0.0.1:1' } }").says(&[]);
    environments("  prod: {}").says(&[]);
    environments("  prod: { pipelines: {} }").says(&[("form.unknown_key", "pipelines")]);
    environments("  prod: { vars: { b: 2 } }").says(&[("environment.new_variable", "b")]);
    environments("  Prod: {}").says(&[("project.bad_name", "Prod")]);
    environments("  prod:").says(&[("form.nothing_there", "prod")]);
}

#[test]
fn all_environments_are_validated_and_what_all_have_is_told_once() {
    let sitee = "  prod: { connections: { support: { jira: { sitee: x } } } }\n  stage: {}";
    for env in [None, Some("prod"), Some("stage")] {
        let case = environments(sitee);
        let case = match env {
            Some(env) => case.under(env),
            None => case,
        };
        case.says(&[("form.unknown_key", "sitee")]);
        assert_eq!(case.shown()[0].contains("--env prod"), env != Some("prod"));
    }
    let text =
        "  prod: { connections: { support: { jira: { auth: { basic: { api_token: abc } } } } } }";
    let found = environments(text).found();
    assert_eq!(found.len(), 1, "{found:?}");
    environments("  prod: { vars: { a: soon } }").says(&[("value.wrong_option", "'${var:a}'")]);
}

#[test]
fn an_unknown_environment_is_an_error_under_environments() {
    environments("  production: {}")
        .under("productoin")
        .says(&[("environment.unknown", "environments")]);
}

#[test]
fn names_are_short_and_plain() {
    for (name, good) in [
        ("a", true),
        ("5", true),
        ("a-b_c", true),
        (&*"a".repeat(63), true),
        (&*"a".repeat(64), false),
        ("A", false),
        ("_a", false),
        ("a.b", false),
        ("ä", false),
    ] {
        let case = Case::of(&steps("  - keep: $.a")).and(&format!("vars: {{ {name}: 1 }}\n"));
        let expected: &[(&str, &str)] = if good {
            &[]
        } else {
            &[("project.bad_name", name)]
        };
        case.says(expected);
        let file = format!("pipelines/{name}.yaml");
        let found = Case::of(&steps("  - keep: $.a"))
            .with(&file, steps("  - keep: $.a"))
            .found();
        assert_eq!(found.is_empty(), good, "{name}: {found:?}");
    }
}

#[test]
fn other_endings_and_sub_folders_are_warned_of_and_not_read() {
    let case = Case::of(&steps("  - keep: $.a"))
        .with("pipelines/x.yml", "not: [read")
        .with("pipelines/y.YAML", "not: [read")
        .with("pipelines/sub/z.yaml", "not: [read")
        .with("pipelines/.hidden.yaml", "not: [read")
        .with("pipelines/README.md", "not: [read");
    let codes: Vec<&str> = case.found().iter().map(|(code, _)| *code).collect();
    let ending = "project.other_ending";
    assert_eq!(codes, [ending, ending, "project.subfolder"]);
    assert_eq!(case.open().names, ["p"]);
    assert!(!case.diagnostics().has_errors());
}

#[test]
fn the_version_is_a_number_and_required() {
    for (written, expected) in [
        ("flowline: 1", &[][..]),
        ("flowline: 1.0", &[]),
        ("flowline: \"${VERSION}\"", &[]),
        ("flowline: 2", &[("project.version", "2")]),
        ("flowline: \"1\"", &[("form.wrong_type", "\"1\"")]),
    ] {
        let project = super::PROJECT.replace("flowline: 1", written);
        Case::of(&steps("  - keep: $.a"))
            .with("flowline.yaml", project)
            .setting("VERSION", "1")
            .says(expected);
    }
    let project = super::PROJECT.replace("flowline: 1\n", "");
    Case::of(&steps("  - keep: $.a"))
        .with("flowline.yaml", project)
        .says(&[("form.missing_key", "connections")]);
}

#[test]
fn a_catalog_of_another_service_or_form_is_told_where_it_is() {
    for (text, label, place) in [
        (
            r#"{"kind": "jira", "cloud_id": "x", "taken": "2026-11-24T00:00:00Z", "fields": {}}"#,
            "\"kind\"",
            ":1:2]",
        ),
        (
            "{\"kind\": \"brevo\", \"account\": \"x\", \"taken\": \"\",\n \"attributes\": { \"A\": { \"type\": \"txt\" } } }",
            "",
            ":2:",
        ),
    ] {
        let case = Case::of(&attributes("TEXT: $.key")).with("catalog/marketing.json", text);
        case.says(&[("catalog.unreadable", label)]);
        assert!(case.shown()[0].contains(place), "{}", case.shown()[0]);
    }
}

#[test]
fn without_a_catalog_one_note_says_that_nothing_is_checked() {
    let case = Case::empty()
        .with(
            "flowline.yaml",
            super::PROJECT.to_owned() + "environments: { prod: {} }\n",
        )
        .with("pipelines/p.yaml", attributes("ANYTHING: [1]"));
    case.says(&[("catalog.missing", "")]);
}

#[test]
fn each_member_of_a_pipeline_takes_what_it_says() {
    for (line, code, label) in [
        ("guard: { max_share: 120% }", "pipeline.bad_share", "120%"),
        ("guard: { max_share: 0.2 }", "form.wrong_type", "0.2"),
        ("guard: { max_changes: -5 }", "form.out_of_range", "-5"),
        ("guard: { max_changs: 5 }", "form.unknown_key", "max_changs"),
        (
            "timezone: Europe/Berln",
            "pipeline.unknown_timezone",
            "Europe/Berln",
        ),
        ("on_error: ignore", "form.not_one_of", "ignore"),
        ("enabled: no", "form.wrong_type", "no"),
        ("notify: { email: nobody }", "notify.bad_address", "nobody"),
        (
            "notify: { webhook: https://a.b, email: a@b.c }",
            "form.several_keys",
            "email",
        ),
        (
            "limits: { suport: 50% }",
            "limits.unknown_connection",
            "suport",
        ),
        ("limits: { support: 101% }", "limits.bad_share", "101%"),
        (
            "schedule: every 0 minutes",
            "schedule.bad_interval",
            "every 0 minutes",
        ),
        (
            "schedule: every 5 weeks",
            "schedule.bad_interval",
            "every 5 weeks",
        ),
        (
            "schedule: { cron: '0 9 * *' }",
            "schedule.bad_cron",
            "'0 9 * *'",
        ),
        (
            "schedule: { cron: '0 25 * * *' }",
            "schedule.bad_cron",
            "25",
        ),
        (
            "schedule: { cron: '0 9 * * *', timezone: Berlin }",
            "schedule.unknown_timezone",
            "Berlin",
        ),
        (
            "schedule: { timezone: UTC }",
            "form.missing_key",
            "schedule",
        ),
    ] {
        Case::of(&format!("{line}\n{}", steps("  - keep: $.a"))).says(&[(code, label)]);
    }
    for line in [
        "guard: { max_changes: 500, max_share: 20%, max_dead: 5% }",
        "timezone: Europe/Berlin",
        "on_error: stop",
        "enabled: \"${FLAG}\"",
        "notify: { webhook: https://a.b/c }",
        "limits: { support: 50% }",
        "schedule: every 1 second",
        "schedule: { cron: \"*/5 9-17 * * MON-FRI\", timezone: Europe/Berlin }",
    ] {
        Case::of(&format!("{line}\n{}", steps("  - keep: $.a")))
            .setting("FLAG", "false")
            .says(&[]);
    }
}
