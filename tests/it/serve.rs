//! `flowline serve`, as a process: schedules, health, metrics, notices, edits, signals.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const SERVE: [&str; 5] = ["serve", "--format", "json", "--log-format", "json"];
const PIPELINE: &str = "pipelines/tickets.yaml";

/// A pipeline of a file into a file: it needs no service.
fn pipeline(schedule: &str, more: &str) -> String {
    format!(
        "schedule: {schedule}\n{more}sources:\n  - file: {{ path: in.jsonl }}\n\
         transforms:\n  - expect: {{ condition: $.n != 13, message: thirteen }}\n\
         sinks:\n  - file: {{ path: out.jsonl }}\n"
    )
}

fn project(pipeline: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("pipelines")).unwrap();
    write(
        "flowline.yaml",
        "flowline: 1\nserver: { listen: \"127.0.0.1:0\", grace: 5 seconds }\n",
    );
    write("in.jsonl", "{\"n\":1}\n{\"n\":2}\n");
    write(PIPELINE, pipeline);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

/// A server that runs, killed at the latest with this value.
pub(crate) struct Served {
    child: Child,
    address: String,
    pub(crate) begun: Value,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowline"));
        command.env_clear().current_dir(folder).args(SERVE);
        command.args(arguments);
        Self::of(command)
    }

    /// Waits until it says where it listens.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        let (kept, errors) = (Arc::clone(&log), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                *kept.lock().unwrap() += &(line + "\n");
            }
        });
        let begun: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error}: {line}{}", log.lock().unwrap()));
        Self {
            child,
            address: begun["listening"].as_str().unwrap()["http://".len()..].to_owned(),
            begun,
            log,
            reader: Some(reader),
        }
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Status, head and body of an answer.
    pub(crate) fn get(&self, path: &str, accept: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    pub(crate) fn ready(&self) -> (u16, Value) {
        let (status, _, body) = self.get("/readyz", "*/*");
        (status, serde_json::from_str(&body).unwrap())
    }

    /// The value of a series.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let (_, _, text) = self.get("/metrics", "text/plain");
        let line = text.lines().find(|line| line.starts_with(series))?;
        line.rsplit_once(' ').unwrap().1.parse().ok()
    }

    fn runs(&self) -> f64 {
        self.runs_of("tickets")
    }

    pub(crate) fn runs_of(&self, pipeline: &str) -> f64 {
        self.metric(&format!(
            "flowline_run_duration_seconds_count{{pipeline=\"{pipeline}\"}}"
        ))
        .unwrap()
    }

    /// All series with their values.
    pub(crate) fn series(&self) -> BTreeMap<String, f64> {
        let (_, _, text) = self.get("/metrics", "text/plain");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            })
            .collect()
    }

    /// The lines of the log, each of which must be JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let log = self.log();
        let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        log.lines().map(read).collect()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[track_caller]
    pub(crate) fn wait(&self, what: &str, mut is: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + Duration::from_secs(120);
        while !is(self) {
            assert!(Instant::now() < until, "{what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(done.success());
    }

    /// Stops it; its exit code, and its log to the end.
    pub(crate) fn stop_and_log(mut self) -> (i32, Vec<Value>) {
        self.signal("-TERM");
        let code = self.child.wait().unwrap().code().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        (code, self.lines())
    }

    /// Stops it; its exit code.
    pub(crate) fn stop(mut self) -> i32 {
        self.signal("-TERM");
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        self.child.kill().unwrap_or_default();
        self.child.wait().unwrap();
    }
}

/// Keeps the bodies that are posted to it.
pub(crate) fn listener() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/told", listener.local_addr().unwrap());
    let told: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&told);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            kept.lock()
                .unwrap()
                .push(serde_json::from_slice(&body).unwrap());
            stream
                .get_mut()
                .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
    });
    (url, told)
}

#[test]
fn it_runs_by_schedule_answers_and_stops_with_0() {
    let folder = project(&pipeline("every 1 seconds", ""));
    let served = Served::start(folder.path(), &[]);
    assert_eq!(served.begun["pipelines"][0]["name"], "tickets");
    assert_eq!(served.get("/healthz", "*/*").0, 200);
    assert_eq!(
        served.ready(),
        (200, json!({ "ready": true, "warnings": [] }))
    );
    served.wait("it runs", |served| served.runs() >= 2.0);
    let out = fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert_eq!(out, "{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(served.get("/nothing", "*/*").0, 404);
    let (code, log) = served.stop_and_log();
    assert_eq!(code, 0);
    let said = |what: &str| {
        log.iter().any(|line| {
            let said = line["fields"]["message"].as_str().unwrap();
            said.contains(what)
        })
    };
    assert!(
        said("Interrupted") && said("run ended") && said("stopped"),
        "{log:?}"
    );
}

#[test]
fn metrics_are_text_that_a_strict_reader_takes_in_either_format() {
    let folder = project(&pipeline("every 1 seconds", ""));
    let served = Served::start(folder.path(), &[]);
    served.wait("it runs", |served| served.runs() >= 1.0);
    for (accept, kind, open) in [
        ("*/*", "content-type: text/plain; version=0.0.4", false),
        (
            "application/openmetrics-text; version=1.0.0",
            "content-type: application/openmetrics-text; version=1.0.0",
            true,
        ),
    ] {
        let (status, head, text) = served.get("/metrics", accept);
        assert_eq!(status, 200);
        assert!(head.contains(kind), "{head}");
        assert_eq!(text.ends_with("# EOF\n"), open);
        let mut family = String::new();
        let mut seen = std::collections::HashSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# ") {
                let mut words = rest.splitn(3, ' ');
                if words.next() == Some("TYPE") {
                    family = words.next().unwrap().to_owned();
                    assert!(seen.insert(family.clone()), "{family} is there twice");
                    let kinds = ["counter", "gauge", "histogram"];
                    assert!(kinds.contains(&words.next().unwrap()), "{line}");
                }
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(seen.insert(series.to_owned()), "{series} is there twice");
            assert!(series.starts_with(&family), "{series} under {family}");
            let (_, labels) = series.split_once('{').unwrap();
            let labels = labels.strip_suffix('}').unwrap();
            for label in labels.split(',') {
                let (name, value) = label.split_once('=').unwrap();
                assert!(name.chars().all(|one| one.is_ascii_lowercase()), "{label}");
                assert!(value.starts_with('"') && value.ends_with('"'), "{label}");
            }
        }
    }
    let kept = "flowline_records_total{pipeline=\"tickets\",outcome=\"kept\"}";
    assert!(served.metric(kept).unwrap() >= 2.0);
    assert_eq!(served.stop(), 0);
}

#[test]
fn a_bad_edit_is_warned_of_and_the_old_plan_goes_on() {
    let folder = project(&pipeline("every 1 seconds", ""));
    let served = Served::start(folder.path(), &[]);
    served.wait("it runs", |served| served.runs() >= 1.0);
    write(
        folder.path(),
        PIPELINE,
        &pipeline("every 1 seconds", "tranforms: []\n"),
    );
    served.wait("it is warned", |served| {
        let (status, ready) = served.ready();
        status == 200 && ready["warnings"][0]["file"] == PIPELINE
    });
    assert!(served.log().contains("\"ERROR\""), "{}", served.log());
    let before = served.runs();
    served.wait("it goes on", |served| served.runs() > before);
    // What is right again, and new, is taken at once when asked.
    write(folder.path(), PIPELINE, &pipeline("every 1 hours", ""));
    let other = pipeline("every 1 seconds", "").replace("out.jsonl", "other.jsonl");
    write(folder.path(), "pipelines/other.yaml", &other);
    served.signal("-HUP");
    served.wait("the new one runs", |served| {
        let series = "flowline_run_duration_seconds_count{pipeline=\"other\"}";
        served.metric(series).is_some_and(|runs| runs >= 1.0)
    });
    assert_eq!(served.ready().1["warnings"], json!([]));
    fs::remove_file(folder.path().join("pipelines/other.yaml")).unwrap();
    served.wait("it is gone", |served| {
        let (_, _, text) = served.get("/metrics", "*/*");
        !text.contains("pipeline=\"other\"")
    });
    assert_eq!(served.stop(), 0);
}

#[test]
fn failing_and_recovering_are_told_once_each_also_over_a_restart() {
    let (url, told) = listener();
    let text = pipeline(
        "every 1 seconds",
        &format!("notify: {{ webhook: \"{url}\" }}\n"),
    );
    let folder = project(&text);
    fs::remove_file(folder.path().join("in.jsonl")).unwrap();
    let told = || told.lock().unwrap().clone();
    let served = Served::start(folder.path(), &[]);
    served.wait("it is told", |_| !told().is_empty());
    served.wait("it failed again", |served| {
        served.log().contains("still fails")
    });
    let warnings = served.ready().1["warnings"].clone();
    assert_eq!(warnings[0]["code"], "pipeline.failing");
    // Killed, not stopped.
    drop(served);
    let served = Served::start(folder.path(), &[]);
    served.wait("it fails again", |served| {
        served.log().contains("still fails")
    });
    assert_eq!(told().len(), 1, "{:?}", told());
    write(folder.path(), "in.jsonl", "{\"n\":1}\n");
    served.wait("it recovers", |_| told().len() == 2);
    write(folder.path(), "in.jsonl", "{\"n\":13,\"who\":\"jane\"}\n");
    served.wait("dead letters are told", |_| told().len() == 3);
    assert_eq!(served.stop(), 0);
    let told = told();
    let states: Vec<&Value> = told.iter().map(|one| &one["state"]).collect();
    assert_eq!(states[..3], ["failed", "recovered", "dead_letters"]);
    for notice in &told {
        let members: Vec<&String> = notice.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            [
                "pipeline", "state", "reason", "count", "since", "project", "env"
            ]
        );
        assert!(!notice.to_string().contains("jane"), "{notice}");
    }
    assert_eq!(told[0]["since"], told[1]["since"]);
    assert_eq!(told[2]["count"], 1);
}

#[test]
fn two_that_serve_one_project_run_a_pipeline_once() {
    let folder = project(&pipeline("every 1 hours", ""));
    let one = Served::start(folder.path(), &[]);
    one.wait("it runs", |one| one.runs() >= 1.0);
    // The other knows from the state that it is not due.
    let other = Served::start(folder.path(), &[]);
    let next = other.begun["pipelines"][0]["next_run"].as_str().unwrap();
    let next: jiff::Timestamp = next.parse().unwrap();
    assert!(next.duration_since(jiff::Timestamp::now()).as_secs() > 3_000);
    assert_eq!(other.runs(), 0.0);
    assert_eq!((one.stop(), other.stop()), (0, 0));
}

#[test]
fn a_pipeline_that_was_never_right_is_a_reason_and_flowline_yaml_must_be() {
    let folder = project(&pipeline("every 1 seconds", ""));
    write(folder.path(), "pipelines/bad.yaml", "sources: 1\n");
    let served = Served::start(folder.path(), &[]);
    let (status, ready) = served.ready();
    assert_eq!((status, &ready["ready"]), (503, &json!(false)));
    let reason = &ready["reasons"][0];
    assert_eq!(reason["file"], "pipelines/bad.yaml");
    assert!(reason["code"].is_string() && reason["message"].is_string());
    served.wait("the other runs", |served| served.runs() >= 1.0);
    let (code, log) = served.stop_and_log();
    assert_eq!(code, 0);
    let error = log.iter().find(|line| line["level"] == "ERROR").unwrap();
    let said = error["fields"]["message"].as_str().unwrap();
    assert!(said.contains("pipelines/bad.yaml"), "{said}");
    write(folder.path(), "flowline.yaml", "flowline: 1\nservr: {}\n");
    let refused = Command::new(env!("CARGO_BIN_EXE_flowline"))
        .env_clear()
        .current_dir(folder.path())
        .arg("serve")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn nothing_that_runs_by_itself_is_said_and_what_is_off_does_not_run() {
    let folder = project(&pipeline("every 1 seconds", "enabled: false\n"));
    let served = Served::start(folder.path(), &[]);
    assert_eq!(served.begun["pipelines"], json!([]));
    assert_eq!(served.ready().0, 200);
    assert_eq!(served.stop(), 0);
    assert!(!folder.path().join("out.jsonl").exists());
}
