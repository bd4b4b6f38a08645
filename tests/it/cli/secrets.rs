//! The encrypted store and its key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use assert_cmd::Command;

use super::{Ended, flowline, project, rewrite};

fn typed(folder: &Path, arguments: &[&str], stdin: &str, environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowline"));
    command.env_clear().current_dir(folder).args(arguments);
    command.envs(environment.iter().copied()).write_stdin(stdin);
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// 32 bytes of this one.
fn key(byte: u8) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode([byte; 32])
}

#[test]
fn a_secret_is_kept_sealed_listed_by_name_and_forgotten() {
    let folder = project();
    let set = typed(
        folder.path(),
        &["secrets", "set", "brevo"],
        "hunter2\nmore\n",
        &[],
    );
    assert_eq!((set.code, set.out.as_str()), (0, ""), "{}", set.err);
    let listed = flowline(folder.path(), &["secrets", "list", "--format", "json"]);
    assert_eq!(listed.out, "[\"brevo\"]\n");
    assert_eq!(flowline(folder.path(), &["secrets", "list"]).out, "brevo\n");
    for entry in fs::read_dir(folder.path().join(".flowline")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            assert!(
                !bytes.windows(7).any(|part| part == b"hunter2"),
                "{}",
                path.display()
            );
        }
    }
    let mode = fs::metadata(folder.path().join(".flowline/key")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    let near = flowline(folder.path(), &["secrets", "remove", "brevoo"]);
    assert_eq!(near.code, 2);
    assert!(near.err.contains("did you mean `brevo`?"), "{}", near.err);
    let removed = flowline(folder.path(), &["secrets", "remove", "brevo"]);
    assert_eq!(removed.code, 0, "{}", removed.err);
    assert_eq!(flowline(folder.path(), &["secrets", "list"]).out, "");
}

#[test]
fn a_secret_that_is_not_kept_is_told_with_the_command_to_type() {
    let folder = project();
    rewrite(
        folder.path(),
        "flowline.yaml",
        "${BREVO_API_KEY}",
        "${secret:brevo}",
    );
    let environment = [
        ("JIRA_EMAIL", "a@b.example"),
        ("JIRA_API_TOKEN", "t"),
        ("JIRA_SITE", "127.0.0.1"),
    ];
    let ran = typed(folder.path(), &["run", "support-tickets"], "", &environment);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("flowline secrets set brevo"),
        "{}",
        ran.err
    );
}

#[test]
fn a_wrong_key_is_said_and_opens_nothing() {
    let folder = project();
    let right = [("FLOWLINE_KEY", &*key(7))];
    let set = typed(folder.path(), &["secrets", "set", "a"], "hunter2", &right);
    assert_eq!(set.code, 0, "{}", set.err);
    assert!(!folder.path().join(".flowline/key").exists());

    let wrong = typed(
        folder.path(),
        &["secrets", "set", "b"],
        "x",
        &[("FLOWLINE_KEY", &*key(8))],
    );
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("the key is not the one"),
        "{}",
        wrong.err
    );
    let without = typed(folder.path(), &["secrets", "set", "b"], "x", &[]);
    assert_eq!(without.code, 2);
    assert!(
        without.err.contains("neither FLOWLINE_KEY nor"),
        "{}",
        without.err
    );
    assert!(
        !folder.path().join(".flowline/key").exists(),
        "no new key takes its place"
    );
    for none in ["short", "", &key(7)[1..]] {
        let none = typed(
            folder.path(),
            &["secrets", "set", "b"],
            "x",
            &[("FLOWLINE_KEY", none)],
        );
        assert_eq!(none.code, 2);
        assert!(none.err.contains("FLOWLINE_KEY is no key"), "{}", none.err);
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = project();
    assert_eq!(
        typed(folder.path(), &["secrets", "set", "a"], "x", &[]).code,
        0
    );
    let path = folder.path().join(".flowline/key");
    for mode in [0o640, 0o604] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = typed(folder.path(), &["secrets", "set", "b"], "x", &[]);
        assert_eq!(refused.code, 2);
        assert!(
            refused.err.contains("chmod 600 .flowline/key"),
            "{}",
            refused.err
        );
    }
}

#[test]
fn rotating_replaces_the_key_and_what_was_sealed_stays_known() {
    let folder = project();
    assert_eq!(
        typed(folder.path(), &["secrets", "set", "a"], "one", &[]).code,
        0
    );
    let old = fs::read_to_string(folder.path().join(".flowline/key")).unwrap();
    let rotated = flowline(folder.path(), &["secrets", "rotate"]);
    assert_eq!(rotated.code, 0, "{}", rotated.err);
    let new = fs::read_to_string(folder.path().join(".flowline/key")).unwrap();
    assert_ne!(old, new);
    assert!(!folder.path().join(".flowline/key.next").exists());
    let again = typed(folder.path(), &["secrets", "set", "b"], "two", &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    let with_old = typed(
        folder.path(),
        &["secrets", "set", "c"],
        "x",
        &[("FLOWLINE_KEY", &*old)],
    );
    assert_eq!(with_old.code, 2, "the old key opens nothing");
    let listed = flowline(folder.path(), &["secrets", "list"]);
    assert_eq!(listed.out, "a\nb\n");
}

#[test]
fn a_rotation_that_was_killed_leaves_keys_that_open_everything() {
    let folder = project();
    assert_eq!(
        typed(folder.path(), &["secrets", "set", "a"], "one", &[]).code,
        0
    );
    let path = folder.path().join(".flowline/key");
    let old = fs::read_to_string(&path).unwrap();
    assert_eq!(flowline(folder.path(), &["secrets", "rotate"]).code, 0);
    // As it was just before the new key took the old one's place.
    fs::rename(&path, folder.path().join(".flowline/key.next")).unwrap();
    fs::write(&path, old).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let set = typed(folder.path(), &["secrets", "set", "b"], "two", &[]);
    assert_eq!(set.code, 0, "{}", set.err);
    let rotated = flowline(folder.path(), &["secrets", "rotate"]);
    assert_eq!(rotated.code, 0, "{}", rotated.err);
    assert!(!folder.path().join(".flowline/key.next").exists());
    let set = typed(folder.path(), &["secrets", "set", "c"], "three", &[]);
    assert_eq!(set.code, 0, "{}", set.err);
}

#[test]
fn a_key_of_the_environment_is_replaced_by_the_one_that_rotate_prints() {
    let folder = project();
    let first = [("FLOWLINE_KEY", &*key(7))];
    assert_eq!(
        typed(folder.path(), &["secrets", "set", "a"], "one", &first).code,
        0
    );
    let rotated = typed(folder.path(), &["secrets", "rotate"], "", &first);
    assert_eq!(rotated.code, 0, "{}", rotated.err);
    let next = rotated.out.trim();
    let set = typed(
        folder.path(),
        &["secrets", "set", "b"],
        "x",
        &[("FLOWLINE_KEY", next)],
    );
    assert_eq!(set.code, 0, "{}", set.err);
    assert_eq!(
        typed(folder.path(), &["secrets", "set", "c"], "x", &first).code,
        2
    );
}

#[test]
fn a_rotation_killed_at_any_moment_loses_nothing() {
    use std::process::{Command, Stdio};
    let folder = project();
    rewrite(
        folder.path(),
        "flowline.yaml",
        "api_key: \"${BREVO_API_KEY}\"",
        "api_key: \"${secret:brevo}\"",
    );
    rewrite(
        folder.path(),
        "flowline.yaml",
        "  production:\n",
        "  staging: {}\n  production:\n",
    );
    let environments = [&[][..], &["--env", "production"], &["--env", "staging"]];
    let all_open = || {
        for env in environments {
            let status = [&["status", "--format", "json"], env].concat();
            let status = flowline(folder.path(), &status);
            assert_eq!(status.code, 0, "{env:?}: {}", status.err);
            let connected = &status.json()["connections"]["marketing"]["connected"];
            assert_eq!(*connected, true, "{env:?}: {}", status.err);
        }
    };
    for env in environments {
        let set = [&["secrets", "set", "brevo"], env].concat();
        assert_eq!(typed(folder.path(), &set, "hunter2", &[]).code, 0);
        for other in 0..5 {
            let name = format!("s{other}");
            let set = [&["secrets", "set", &name], env].concat();
            assert_eq!(typed(folder.path(), &set, &name, &[]).code, 0);
        }
    }
    all_open();
    let next = folder.path().join(".flowline/key.next");
    let (mut killed, mut in_between) = (0, 0);
    for round in 0..40 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flowline"))
            .env_clear()
            .current_dir(folder.path())
            .args(["secrets", "rotate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From the moment at which the next key is there, or from the start where one was left.
        let left = next.exists();
        while !next.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        let pause = if left { 30 + round * 9 } else { round % 8 * 3 };
        std::thread::sleep(std::time::Duration::from_millis(pause));
        child.kill().unwrap_or_default();
        let status = child.wait().unwrap();
        killed += u32::from(status.code().is_none());
        in_between += u32::from(next.exists());
        if round % 4 == 3 {
            all_open();
        }
    }
    assert!(killed > 3 && in_between > 3, "{killed} {in_between}");
    let done = flowline(folder.path(), &["secrets", "rotate"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!next.exists());
    all_open();
}

/// Where no file can be made, the key is in the system's keyring, the next one too while it takes
/// its place. The tool that speaks to the keyring is ours here; everything else is real.
#[cfg(target_os = "linux")]
#[test]
fn the_key_is_in_the_keyring_where_no_file_can_be_made_and_is_replaced_there() {
    let folder = project();
    let keyring = tempfile::tempdir().unwrap();
    let tool = keyring.path().join("secret-tool");
    let script = r#"#!/bin/sh
for last; do :; done
cell="KEYRING/$(printf %s "$last" | tr '/ ' '__')"
case "$1" in
  store) cat > "$cell" ;;
  lookup) cat "$cell" ;;
  clear) rm "$cell" ;;
esac
"#;
    let script = script.replace("KEYRING", keyring.path().to_str().unwrap());
    fs::write(&tool, script).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", keyring.path().display());
    let environment = [("PATH", path.as_str())];
    // Nothing can be made in this folder, by nobody.
    drop(fs::remove_dir_all(folder.path().join(".flowline")));
    std::os::unix::fs::symlink("/proc", folder.path().join(".flowline")).unwrap();
    let state = keyring.path().join("state.db");
    rewrite(
        folder.path(),
        "flowline.yaml",
        "flowline: 1\n",
        &format!(
            "flowline: 1\nstate: {{ sqlite: {{ path: {} }} }}\n",
            state.display()
        ),
    );
    let run =
        |arguments: &[&str], stdin: &str| typed(folder.path(), arguments, stdin, &environment);
    let cells = || -> Vec<String> {
        let entries = fs::read_dir(keyring.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let of_key = |name: &String| !name.starts_with("state") && name != "secret-tool";
        names.filter(of_key).collect()
    };

    let set = run(&["secrets", "set", "brevo"], "hunter2\n");
    assert_eq!(set.code, 0, "{}", set.err);
    let cell = cells();
    assert_eq!(cell.len(), 1, "{cell:?}");
    let cell = keyring.path().join(&cell[0]);
    let before = fs::read_to_string(&cell).unwrap();

    let rotated = run(&["secrets", "rotate"], "");
    assert_eq!(
        (rotated.code, rotated.out.as_str()),
        (0, ""),
        "{}",
        rotated.err
    );
    let after = fs::read_to_string(&cell).unwrap();
    assert_ne!(before, after);
    assert_eq!(cells().len(), 1, "the next key is left behind");
    let removed = run(&["secrets", "remove", "brevo"], "");
    assert_eq!(removed.code, 0, "{}", removed.err);

    fs::write(&cell, &before).unwrap();
    let wrong = run(&["secrets", "set", "brevo"], "hunter2\n");
    assert_eq!(wrong.code, 2, "the old key opens nothing any more");
}
