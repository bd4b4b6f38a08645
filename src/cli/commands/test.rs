//! `flowline test`: recorded records through the pipelines, compared with the snapshots.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::env::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::testing::{Case, cases, difference, left_behind, orphans, play, read};
use crate::plan::Plan;
use crate::project::Opened;

/// Run recorded records through the pipelines and compare with the snapshots
///
/// A case is tests/pipelines/NAME/CASE.json (`{ clock, records: […] }`), its snapshot CASE.snap
/// beside it: what the pipeline would send for these records.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline test
  flowline test support-tickets
  flowline test --review
  flowline test --accept && git diff tests/")]
pub struct Arguments {
    /// The pipelines [default: all]
    #[arg(value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// Write what came out as the new snapshots
    #[arg(long, conflicts_with = "review")]
    pub accept: bool,
    /// Ask for each difference whether it is right
    #[arg(long)]
    pub review: bool,
}

/// What became of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// It came out as the snapshot says.
    Passed,
    /// It came out otherwise.
    Differs,
    /// There is no snapshot.
    Missing,
    /// What came out is the new snapshot.
    Accepted,
    /// The case cannot be played.
    Broken,
}

/// A case that was played.
#[derive(Debug, Serialize)]
struct Played {
    pipeline: String,
    case: String,
    result: Verdict,
    /// The unified diff from the snapshot to what came out.
    diff: Option<String>,
    /// What is wrong with the case.
    message: Option<String>,
}

/// Plays the cases and compares.
#[must_use]
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let output = &context.output;
    if arguments.review && !Environment::can_ask() {
        output.error("`--review` asks on a terminal, and this is none");
        output.help("look at the differences without it, then take them with `--accept`");
        return Exit::Wrong;
    }
    let (opened, plans) = match plans(&arguments.pipelines, context) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let root = &opened.root;
    let mut played = Vec::new();
    for plan in &plans {
        let cases = match cases(root, &plan.name) {
            Ok(cases) => cases,
            Err(message) => {
                output.error(&message);
                return Exit::Wrong;
            }
        };
        if cases.is_empty() {
            let name = &plan.name;
            output.say(&format!("{name} has no cases in tests/pipelines/{name}/"));
        }
        for case in cases {
            let one = one(plan, &case, arguments, output);
            if !output.json() {
                show(&one, output);
            }
            played.push(one);
        }
        for file in orphans(root, &plan.name).unwrap_or_default() {
            let file = file.strip_prefix(root).unwrap_or(&file).display();
            output.warn(&format!(
                "{file} belongs to no case; delete it if the case is gone"
            ));
        }
    }
    if arguments.pipelines.is_empty() {
        for name in left_behind(root, &opened.names) {
            output.warn(&format!(
                "tests/pipelines/{name}/ is not tested: there is no pipelines/{name}.yaml"
            ));
        }
    }
    end(&played, output)
}

/// The plans of the pipelines asked for, or of all.
fn plans(names: &[String], context: &Context) -> Result<(Opened, Vec<Arc<Plan>>), Exit> {
    // Nothing is connected here: what is only warned of concerns runs.
    let mut output = context.output.clone();
    output.quiet = true;
    let errors_only = Context {
        environment: context.environment.clone(),
        output,
        global: context.global.clone(),
    };
    if names.is_empty() {
        let all = context.open()?.names;
        errors_only.open_for(&all, false)
    } else {
        errors_only.open_for(names, false)
    }
}

/// Plays one case and, where that is asked for, keeps what came out.
fn one(plan: &Plan, case: &Case, arguments: &Arguments, output: &Output) -> Played {
    let mut played = Played {
        pipeline: plan.name.to_string(),
        case: case.name.clone(),
        result: Verdict::Broken,
        diff: None,
        message: None,
    };
    let compared = fs::read_to_string(&case.file)
        .map_err(|error| format!("cannot be read: {error}"))
        .and_then(|text| read(&text))
        .and_then(|recorded| play(plan, &recorded))
        .and_then(|now| Ok((snapshot_of(&case.snapshot)?, now)));
    let (known, now) = match compared {
        Ok(compared) => compared,
        Err(message) => {
            played.message = Some(message);
            return played;
        }
    };
    played.result = match &known {
        Some(known) if *known == now => Verdict::Passed,
        Some(_) => Verdict::Differs,
        None => Verdict::Missing,
    };
    if played.result == Verdict::Passed {
        return played;
    }
    let before = known.as_deref().unwrap_or_default();
    let accepted = arguments.accept || {
        arguments.review && {
            output.result(&difference(before, &now, output.colour_results));
            output.confirm(&format!("{}/{}: is this right?", plan.name, case.name))
        }
    };
    if accepted {
        match fs::write(&case.snapshot, &now) {
            Ok(()) => played.result = Verdict::Accepted,
            Err(error) => {
                played.result = Verdict::Broken;
                let file = case.snapshot.display();
                played.message = Some(format!("its snapshot {file} cannot be written: {error}"));
            }
        }
    } else if !arguments.review {
        let colour = output.colour_results && !output.json();
        played.diff = Some(difference(before, &now, colour));
    }
    played
}

/// The snapshot, whatever its line ends; none where there is no file.
fn snapshot_of(file: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("has a snapshot that cannot be read: {error}")),
    }
}

fn show(played: &Played, output: &Output) {
    let (word, paint) = match played.result {
        Verdict::Passed => ("ok", "32"),
        Verdict::Accepted => ("accepted", "32"),
        Verdict::Differs => ("differs", "31"),
        Verdict::Missing => ("no snapshot", "33"),
        Verdict::Broken => ("broken", "31"),
    };
    let good = matches!(played.result, Verdict::Passed | Verdict::Accepted);
    if output.quiet && good {
        return;
    }
    let word = if output.colour_results {
        format!("\u{1b}[{paint}m{word}\u{1b}[0m")
    } else {
        word.to_owned()
    };
    output.result(&format!("{}/{} … {word}", played.pipeline, played.case));
    if let Some(message) = &played.message {
        output.result(&format!("  the case {message}"));
    }
    if let Some(diff) = &played.diff {
        output.result(diff.trim_end());
    }
}

/// Counts, and decides how it ended.
fn end(played: &[Played], output: &Output) -> Exit {
    let count = |verdict| played.iter().filter(|one| one.result == verdict).count();
    let (passed, differs) = (count(Verdict::Passed), count(Verdict::Differs));
    let (missing, accepted) = (count(Verdict::Missing), count(Verdict::Accepted));
    let broken = count(Verdict::Broken);
    let exit = if broken > 0 {
        Exit::Wrong
    } else if differs + missing > 0 {
        Exit::Incomplete
    } else {
        Exit::Done
    };
    if output.json() {
        let written = output.result_json(&serde_json::json!({
            "cases": played,
            "passed": passed,
            "differs": differs,
            "missing": missing,
            "accepted": accepted,
            "broken": broken,
        }));
        return exit.worst(written);
    }
    let parts = [
        (passed, "passed"),
        (accepted, "accepted"),
        (differs, "differ"),
        (missing, "without snapshot"),
        (broken, "broken"),
    ];
    let words: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if words.is_empty() {
        output.say("no cases: put one at tests/pipelines/NAME/CASE.json");
    } else if !output.quiet || exit != Exit::Done {
        output.result(&words.join(", "));
    }
    if differs + missing > 0 {
        output.say("take what came out as right with `flowline test --accept`");
    }
    exit
}
