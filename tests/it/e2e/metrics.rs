//! `metrics`: gauges in the state, each run's in the place of the last one's.

use flowline::state::{StateReader, View as _};

use super::world::Project;

const GAUGES: &str = "sources:
  - file: { path: tickets.jsonl }
transforms:
  - aggregate: { by: { who: $.who, site: $.site }, values: { n: { count: $ }, oldest: { min: $.age } } }
sinks:
  - metrics: { gauge: open_tickets, value: $.n, labels: { who: $.who, site: $.site } }
  - metrics: { gauge: oldest_ticket, value: $.oldest, labels: { who: $.who } }
";

fn gauges(project: &Project) -> Vec<String> {
    let state = StateReader::open_existing(&project.path(".flowline/state.db"));
    let state = state.unwrap().unwrap();
    let gauges = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(state.gauges())
        .unwrap();
    let shown = gauges.iter().map(|(pipeline, gauge)| {
        let labels: Vec<String> = gauge
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "{pipeline} {}{{{}}} {}",
            gauge.name,
            labels.join(","),
            gauge.value
        )
    });
    shown.collect()
}

#[test]
fn a_gauge_that_a_run_no_longer_sets_is_removed() {
    let project = Project::alone();
    project.write("pipelines/open.yaml", GAUGES);
    project.write(
        "tickets.jsonl",
        "{\"who\":\"jane\",\"age\":2.5}\n{\"who\":\"jane\",\"age\":4}\n{\"who\":\"joe\",\"site\":\"a\\\"b\"}\n",
    );
    let planned = project.run(&["plan", "open"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(
        planned.stdout.contains("open_tickets{who=\"jane\"}"),
        "{}",
        planned.stdout
    );
    assert!(!project.path(".flowline/state.db").exists());
    let ran = project.run(&["run", "open", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.summary()["operations"]["metrics"]["sent"], 3);
    assert_eq!(
        gauges(&project),
        [
            "open oldest_ticket{who=jane} 2.5",
            "open open_tickets{site=a\"b,who=joe} 1",
            "open open_tickets{who=jane} 2",
        ]
    );
    // Who has none any more is told once as nothing, then not at all; what has no value is none.
    project.write("tickets.jsonl", "{\"who\":\"joe\",\"age\":1}\n");
    assert_eq!(project.run(&["run", "open"]).code, 0);
    assert_eq!(
        gauges(&project),
        [
            "open oldest_ticket{who=joe} 1",
            "open open_tickets{site=a\"b,who=joe} 0",
            "open open_tickets{who=jane} 0",
            "open open_tickets{who=joe} 1",
        ]
    );
    assert_eq!(project.run(&["run", "open"]).code, 0);
    assert_eq!(
        gauges(&project),
        [
            "open oldest_ticket{who=joe} 1",
            "open open_tickets{who=joe} 1"
        ]
    );
    // A run that fails leaves them.
    project.write("tickets.jsonl", "");
    project.edit("pipelines/open.yaml", "tickets.jsonl", "none.jsonl");
    assert_eq!(project.run(&["run", "open"]).code, 2);
    assert_eq!(gauges(&project).len(), 2);
    project.edit("pipelines/open.yaml", "none.jsonl", "tickets.jsonl");
    let other = GAUGES.split("  - metrics: { gauge: oldest").next().unwrap();
    project.write("pipelines/open.yaml", other);
    assert_eq!(project.run(&["run", "open"]).code, 0);
    assert_eq!(project.run(&["run", "open"]).code, 0);
    assert_eq!(gauges(&project), Vec::<String>::new());
}

#[test]
fn a_value_that_is_no_number_is_a_dead_letter() {
    let project = Project::alone();
    project.write(
        "pipelines/open.yaml",
        "sources: [file: { path: in.jsonl }]\nsinks:\n  - metrics: { gauge: g, value: $.n, labels: { l: $.l } }\n",
    );
    project.write(
        "in.jsonl",
        "{\"n\":\"12\"}\n{\"n\":1,\"l\":[1]}\n{\"n\":3,\"l\":true}\n",
    );
    let ran = project.run(&["run", "open", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(ran.summary()["dead_letters"], 2);
    assert_eq!(gauges(&project), ["open g{l=true} 3"]);
}
