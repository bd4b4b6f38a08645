//! The built binary, and the sandbox in another process.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine as _;
use serde_json::Value;
use tempfile::TempDir;

/// Jira and Brevo in another process, which ends with it.
pub(crate) struct World {
    sandbox: Child,
    addresses: Value,
}

impl World {
    /// Starts the sandbox with these arguments besides free ports.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut sandbox = command()
            .args([
                "sandbox",
                "--format",
                "json",
                "--jira-port",
                "0",
                "--brevo-port",
                "0",
            ])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(sandbox.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            sandbox,
            addresses: serde_json::from_str(&line).unwrap(),
        }
    }

    pub(crate) fn address(&self, name: &str) -> &str {
        self.addresses[name].as_str().unwrap()
    }

    /// A control request.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let host = self.address("jira").trim_start_matches("http://");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} /_sandbox/{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 20"),
            "{method} {path}: {head}\n{body}"
        );
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    /// A request to Jira's API, as its user.
    pub(crate) fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let host = self.address("jira").trim_start_matches("http://");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let who = format!(
            "{}:{}",
            self.address("jira_email"),
            self.address("jira_token")
        );
        let who = base64::engine::general_purpose::STANDARD.encode(who);
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: Basic {who}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{method} {path}: {answer}"))
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask("GET", path, &Value::Null)
    }

    /// How many requests so far.
    pub(crate) fn requests(&self) -> u64 {
        fn sum(value: &Value) -> u64 {
            match value {
                Value::Number(number) => number.as_u64().unwrap_or_default(),
                Value::Array(elements) => elements.iter().map(sum).sum(),
                Value::Object(members) => members
                    .get("count")
                    .map_or_else(|| members.values().map(sum).sum(), sum),
                _ => 0,
            }
        }
        sum(&self.get("requests"))
    }

    /// What Brevo has in the end, without what differs from run to run.
    pub(crate) fn end_state(&self) -> End {
        let list = |value: Value, name: &str| match value {
            Value::Object(mut members) => members.remove(name).unwrap_or_default(),
            list => list,
        };
        let contacts = list(self.get("brevo/contacts"), "contacts");
        let contacts = contacts.as_array().unwrap().iter().map(|contact| {
            let mut lists: Vec<String> = contact["listIds"]
                .as_array()
                .into_iter()
                .flatten()
                .map(ToString::to_string)
                .collect();
            lists.sort();
            format!("{} {} {lists:?}", contact["email"], contact["attributes"])
        });
        let events = list(self.get("brevo/events"), "events");
        let events = events.as_array().unwrap().iter().map(|event| {
            let properties = event
                .get("event_properties")
                .unwrap_or(&event["properties"]);
            properties["event_id"].as_str().unwrap().to_owned()
        });
        let mut end = End {
            contacts: contacts.collect(),
            events: events.collect(),
        };
        end.contacts.sort();
        end.events.sort();
        end
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.sandbox.kill().unwrap_or_default();
        drop(self.sandbox.wait());
    }
}

/// What Brevo has in the end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) contacts: Vec<String>,
    pub(crate) events: Vec<String>,
}

impl End {
    /// Panics with what only one of them has.
    #[track_caller]
    pub(crate) fn assert_is(&self, expected: &Self) {
        let only = |left: &[String], right: &[String]| -> Vec<String> {
            left.iter()
                .filter(|one| !right.contains(one))
                .cloned()
                .collect()
        };
        let lost = [
            only(&expected.contacts, &self.contacts),
            only(&expected.events, &self.events),
        ];
        let more = [
            only(&self.contacts, &expected.contacts),
            only(&self.events, &expected.events),
        ];
        assert!(self == expected, "lost: {lost:#?}\nmore: {more:#?}");
    }

    /// Panics where an event is there twice.
    #[track_caller]
    pub(crate) fn assert_none_twice(&self) {
        let mut once = self.events.clone();
        once.dedup();
        assert_eq!(
            once.len(),
            self.events.len(),
            "an event twice: {:?}",
            self.events
        );
    }
}

/// A project whose connections are the world's.
pub(crate) struct Project {
    folder: TempDir,
    key: String,
    token: String,
    variables: bool,
}

impl Project {
    pub(crate) fn of(world: &World) -> Self {
        let folder = TempDir::new().unwrap();
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        fs::create_dir(folder.path().join("pipelines")).unwrap();
        fs::copy(
            root.join("pipelines/support-tickets.yaml"),
            folder.path().join("pipelines/support-tickets.yaml"),
        )
        .unwrap();
        let project = Self {
            folder,
            key: world.address("brevo_key").to_owned(),
            token: world.address("jira_token").to_owned(),
            variables: true,
        };
        project.write(
            "flowline.yaml",
            &format!(
                r#"flowline: 1
connections:
  support:
    jira:
      site: "{}"
      auth: {{ basic: {{ email: "{}", api_token: "${{JIRA_API_TOKEN}}" }} }}
  marketing:
    brevo: {{ url: "{}", api_key: "${{BREVO_API_KEY}}", visible_after: 1 seconds }}
vars: {{ support_list: 22 }}
"#,
                world.address("jira"),
                world.address("jira_email"),
                world.address("brevo"),
            ),
        );
        project
    }

    /// A project without a world: of its own files and APIs.
    pub(crate) fn alone() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("pipelines")).unwrap();
        let project = Self {
            folder,
            key: String::new(),
            token: String::new(),
            variables: false,
        };
        project.write("flowline.yaml", "flowline: 1\n");
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, &text.replace(from, to));
    }

    pub(crate) fn with_key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// The credentials stand in no variable of the environment.
    pub(crate) fn without_variables(mut self) -> Self {
        self.variables = false;
        self
    }

    /// Brevo's key and Jira's token, as the world takes them.
    pub(crate) fn credentials(&self) -> (&str, &str) {
        (&self.key, &self.token)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command.current_dir(self.folder.path()).args(arguments);
        if self.variables {
            command
                .env("JIRA_API_TOKEN", &self.token)
                .env("BREVO_API_KEY", &self.key);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Runs until nothing is left to resume, at most so often.
    #[track_caller]
    pub(crate) fn run_until_done(&self, arguments: &[&str], at_most: usize) -> usize {
        let mut last = String::new();
        for count in 1..=at_most {
            let ran = self.run(arguments);
            match ran.code {
                0 | 1 => return count,
                // Refused for now, or unsettled: run again.
                3 | 4 => last = ran.stderr,
                other => panic!("exit {other}: {}", ran.stderr),
            }
        }
        panic!("not done after {at_most} runs: {last}");
    }
}

/// A command that has ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The summary of `--format json`.
    pub(crate) fn summary(&self) -> Value {
        let last = self
            .stdout
            .lines()
            .last()
            .unwrap_or_else(|| panic!("no output: {}", self.stderr));
        let last: Value = serde_json::from_str(last).unwrap();
        last["summary"].clone()
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowline"));
    command.env_clear().stdin(Stdio::null());
    command
}
