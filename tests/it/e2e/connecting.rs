//! The page about connecting: its files are valid, and its walk goes as it says.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::credentials::{free_port, get};
use super::world::{Project, Ran, World};

/// The part that is walked.
const WALK: &str = "Try it against the sandbox";

/// A block of the page: its part's title, its language, its text.
struct Block {
    part: String,
    language: String,
    text: String,
}

fn page() -> Vec<Block> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/connecting.md");
    let mut blocks: Vec<Block> = Vec::new();
    let (mut part, mut inside) = (String::new(), false);
    for line in fs::read_to_string(path).unwrap().lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(language), false) => {
                inside = true;
                blocks.push(Block {
                    part: part.clone(),
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), true) => inside = false,
            (None, true) => {
                let text = &mut blocks.last_mut().unwrap().text;
                text.push_str(line);
                text.push('\n');
            }
            (None, false) => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut part);
                }
            }
        }
    }
    blocks
}

#[test]
fn each_way_in_of_the_page_is_valid() {
    let project = Project::alone();
    let mut tried = 0;
    for block in page() {
        if block.language == "yaml" && block.part != WALK {
            project.write("flowline.yaml", &format!("flowline: 1\n{}", block.text));
            let ran = project.run(&["validate"]);
            assert_eq!(ran.code, 0, "{}\n{}{}", block.text, ran.stdout, ran.stderr);
            tried += 1;
        }
    }
    assert_eq!(tried, 5);
}

/// A line as a shell runs it, where flowline is all that there is.
fn shell(line: &str, folder: &Path) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_flowline"));
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", line])
        .current_dir(folder)
        .env_clear()
        .env("PATH", binary.parent().unwrap())
        .stdin(Stdio::null());
    command
}

/// `connect`, and a person who agrees in the browser.
fn connect(line: &str, folder: &Path) -> Ran {
    let mut child = shell(&format!("exec {line}"), folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut url)
        .unwrap();
    let (status, location, _) = get(url.trim());
    assert_eq!(status, 302, "{url}");
    let (status, _, said) = get(&location);
    assert_eq!(status, 200);
    assert!(said.contains("Connected"), "{said}");
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn the_walk_against_the_sandbox_goes_as_the_page_says() {
    let world = World::start(&[]);
    let here = |name: &str| world.address(name).trim_start_matches("http://").to_owned();
    let port = free_port();
    let moved = |text: &str| {
        text.replace("127.0.0.1:8081", &here("jira"))
            .replace("127.0.0.1:8082", here("brevo").trim_end_matches("/v3"))
            .replace("localhost:8787", &format!("localhost:{port}"))
    };
    let above = tempfile::tempdir().unwrap();
    let mut folder = above.path().to_owned();
    let mut printed = String::new();
    let mut walked = Vec::new();
    for block in page().iter().filter(|block| block.part == WALK) {
        match block.language.as_str() {
            "yaml" => fs::write(folder.join("flowline.yaml"), moved(&block.text)).unwrap(),
            "ini" => fs::write(folder.join(".env"), &block.text).unwrap(),
            _ => {
                for line in block.text.lines() {
                    walked.push(line.to_owned());
                    // It runs already, on ports of its own.
                    if line == "flowline sandbox" {
                        continue;
                    }
                    let ran = if line == "flowline connect support" {
                        connect(line, &folder)
                    } else {
                        Ran::of(shell(line, &folder).output().unwrap())
                    };
                    assert_eq!(ran.code, 0, "{line}: {}{}", ran.stdout, ran.stderr);
                    printed.push_str(&ran.stdout);
                    if let Some((_, into)) = line.split_once("&& cd ") {
                        folder.push(into);
                    }
                }
            }
        }
    }
    for line in [
        "flowline sandbox",
        "flowline connect support",
        "flowline run support-tickets",
    ] {
        assert!(walked.iter().any(|one| one == line), "{walked:?}");
    }
    assert!(
        printed.contains("read:jira-work\nread:jira-user\n"),
        "{printed}"
    );
    let end = world.end_state();
    assert!(!end.contacts.is_empty() && !end.events.is_empty());
    end.assert_none_twice();
    let gone = Ran::of(
        shell("flowline run support-tickets", &folder)
            .output()
            .unwrap(),
    );
    assert_eq!(gone.code, 3, "{}", gone.stderr);
    assert!(
        gone.stderr.contains("flowline connect support"),
        "{}",
        gone.stderr
    );
}
