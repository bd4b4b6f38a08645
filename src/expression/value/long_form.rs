//! `{ path: … }`, `{ template: … }`, `{ value: … }` and `{ first: […] }` with their options.

use std::sync::Arc;

use super::compile::{Classified, Compiling, Place, classify, expression, path, template, value};
use super::literal::{literal, strict_literal};
use super::options::{Lookup, Options};
use super::{Expression, Form, read};
use crate::config::{IfMissing, mentions_outside};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};
use crate::expression::Conversion;
use crate::syntax::{Entry, Kind, Node};

/// The keys that make a map a value with options.
pub(super) const FORMS: [&str; 4] = ["path", "template", "value", "first"];

const OPTIONS: [&str; 6] = [
    "lookup",
    "as",
    "default",
    "max_length",
    "required",
    "if_missing",
];

const UNKNOWN_OPTION: Code = Code::new("value.unknown_option");
const TWO_FORMS: Code = Code::new("value.two_forms");
const WRONG_OPTION: Code = Code::new("value.wrong_option");
const UNKNOWN_CONVERSION: Code = Code::new("value.unknown_conversion");
const NO_PATH: Code = Code::new("value.not_a_path");
const IF_MISSING: Code = Code::new("value.if_missing");
const CONVERSION: Code = Code::new("value.conversion");

pub(super) fn long_form(
    node: &Arc<Node>,
    entries: &[Entry],
    compiling: &mut Compiling<'_>,
    outermost: bool,
) -> Option<Expression> {
    let mut written: Option<&Entry> = None;
    let mut options = Options::default();
    let mut sound = true;
    for entry in entries {
        let key = &*entry.key.value;
        if FORMS.contains(&key) {
            match written {
                None => written = Some(entry),
                Some(first) => {
                    let problem = Diagnostic::error(
                        TWO_FORMS,
                        format!("a value has one of `{}` and `{key}`", first.key.value),
                    )
                    .label(entry.key.span, "the second one")
                    .label(first.key.span, "the first one")
                    .help("the first of several values that is there: `{ first: [ …, … ] }`");
                    fail(compiling, problem);
                    sound = false;
                }
            }
        } else {
            sound &= option(entry, &mut options, compiling, outermost).is_some();
        }
    }
    let written = written?;
    let form = form(written, compiling)?;
    if !sound {
        return None;
    }
    let literal = matches!(form, Form::Literal { .. });
    let made = expression(form, options, node.span, compiling);
    if literal {
        return constant(made, &written.value, compiling);
    }
    Some(made)
}

/// What options make of a literal is the same for every record: mistakes are told now.
fn constant(made: Expression, written: &Node, compiling: &mut Compiling<'_>) -> Option<Expression> {
    let Form::Literal { value, .. } = &made.form else {
        return Some(made);
    };
    if is_open(written, compiling) {
        return Some(made);
    }
    match made.apply_options(Some(value.clone())) {
        Ok(_) => Some(made),
        Err(trouble) => {
            fail(
                compiling,
                Diagnostic::error(CONVERSION, trouble.message)
                    .label(written.span, format!("expected {}", trouble.expected)),
            );
            None
        }
    }
}

fn fail(compiling: &mut Compiling<'_>, problem: Diagnostic) {
    let problem = problem.in_source(compiling.source);
    compiling.diagnostics.push(problem);
}

fn form(entry: &Entry, compiling: &mut Compiling<'_>) -> Option<Form> {
    let node = &entry.value;
    match &*entry.key.value {
        "path" => match node.as_scalar() {
            Some(scalar) if classify(scalar) == Classified::Path => path(node, scalar, compiling),
            other => {
                let help = match other {
                    Some(scalar) if classify(scalar) == Classified::Template => {
                        Some("write `template:` for a template".to_owned())
                    }
                    Some(scalar) if is_name(&scalar.text) => {
                        let name = scalar.text.strip_prefix('$').unwrap_or(&scalar.text);
                        Some(format!("did you mean `$.{name}`?"))
                    }
                    _ => None,
                };
                let mut problem =
                    Diagnostic::error(NO_PATH, format!("`path` has {}", node.describe()))
                        .label(node.span, "expected a JSONPath, which starts with `$`");
                problem.help = help;
                fail(compiling, problem);
                None
            }
        },
        "template" => match node.as_scalar() {
            Some(scalar) if scalar.replaced => Some(Form::Literal {
                value: scalar.text.clone().into(),
                names: Vec::new(),
            }),
            Some(scalar) if node.as_text().is_some() => template(node, scalar, compiling),
            _ => {
                fail(
                    compiling,
                    Diagnostic::error(WRONG_OPTION, format!("`template` has {}", node.describe()))
                        .label(node.span, "expected text")
                        .help("put quotes around it"),
                );
                None
            }
        },
        "first" => {
            let choices = match node.as_list() {
                Some(choices) if !choices.is_empty() => choices,
                _ => {
                    fail(
                        compiling,
                        Diagnostic::error(WRONG_OPTION, "`first` has no list of values")
                            .label(node.span, "expected `[value, …]`"),
                    );
                    return None;
                }
            };
            let choices: Vec<_> = choices
                .iter()
                .map(|choice| value(choice, compiling, false))
                .collect();
            choices
                .into_iter()
                .collect::<Option<Vec<_>>>()
                .map(Form::First)
        }
        _ => Some(Form::Literal {
            value: literal(node, compiling),
            // What stands under `value` is meant literally.
            names: Vec::new(),
        }),
    }
}

fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or(text);
    name.starts_with(char::is_alphabetic)
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || "_.".contains(character))
}

fn option(
    entry: &Entry,
    options: &mut Options,
    compiling: &mut Compiling<'_>,
    outermost: bool,
) -> Option<()> {
    let node = &entry.value;
    if key_takes_no_text(&entry.key.value) && is_open(node, compiling) {
        // That it has no value is said once for the whole file.
        return Some(());
    }
    match &*entry.key.value {
        "lookup" => options.lookup = Some(lookup(node, &mut options.names, compiling)?),
        "as" => options.conversion = Some(conversion(node, compiling)?),
        "default" => {
            let value = strict_literal(node, "default", &mut options.names, compiling)?;
            options.default = Some(Spanned::new(value, node.span));
        }
        "max_length" => match read::count(node) {
            Some(count) => options.max_length = Some(count),
            None => return wrong(compiling, entry, "expected a whole number from 1"),
        },
        "required" => match read::boolean(node) {
            Some(required) => options.required = Some(required),
            None => return wrong(compiling, entry, "expected `true` or `false`"),
        },
        "if_missing" => {
            if_missing_stands_here(entry, compiling, outermost)?;
            match read::text(node) {
                Some("keep") => options.if_missing = Some(IfMissing::Keep),
                Some("clear") => options.if_missing = Some(IfMissing::Clear),
                _ => return wrong(compiling, entry, "expected `keep` or `clear`"),
            }
        }
        other => {
            let near = nearest(other, OPTIONS.into_iter().chain(FORMS));
            let problem =
                Diagnostic::error(UNKNOWN_OPTION, format!("`{other}` is no option of a value"))
                    .label(
                        entry.key.span,
                        "expected lookup, as, default, max_length, required or if_missing",
                    )
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "a literal map with such a key stands under `value:`".to_owned(),
                    });
            fail(compiling, problem);
            return None;
        }
    }
    Some(())
}

/// Options that cannot be judged before all of their text is known.
fn key_takes_no_text(key: &str) -> bool {
    key != "default" && OPTIONS.contains(&key)
}

/// True for a scalar with a `${…}` that has no value (yet).
fn is_open(node: &Node, compiling: &Compiling<'_>) -> bool {
    node.as_scalar().is_some_and(|scalar| {
        !scalar.replaced
            && mentions_outside(&scalar.text)
            && compiling.strings.expand(&scalar.text).is_open()
    })
}

fn wrong(compiling: &mut Compiling<'_>, entry: &Entry, expected: &str) -> Option<()> {
    let problem = Diagnostic::error(
        WRONG_OPTION,
        format!("`{}` has {}", entry.key.value, found(&entry.value)),
    )
    .label(entry.value.span, expected);
    fail(compiling, problem);
    None
}

fn found(node: &Node) -> String {
    match &node.kind {
        // Never a value that was put in.
        Kind::Scalar(scalar) if !scalar.replaced => format!("`{}`", scalar.text),
        _ => node.describe().to_owned(),
    }
}

fn if_missing_stands_here(
    entry: &Entry,
    compiling: &mut Compiling<'_>,
    outermost: bool,
) -> Option<()> {
    let (message, help) = match compiling.place {
        Place::Destination if outermost => return Some(()),
        Place::Destination => (
            "`if_missing` concerns a whole field, not a part of its value",
            "what is missing inside a value is left out; write it beside the outermost key",
        ),
        Place::Transform => (
            "`if_missing` concerns fields of a destination, not those of a record",
            "nothing leaves a field out; for another value use `default`",
        ),
        Place::LeftOut => (
            "`if_missing` has no meaning here: what is missing is left out",
            "take it away, or say `required: true` or `default`",
        ),
    };
    fail(
        compiling,
        Diagnostic::error(IF_MISSING, message)
            .label(entry.key.span, "does not stand here")
            .help(help),
    );
    None
}

fn conversion(node: &Node, compiling: &mut Compiling<'_>) -> Option<Spanned<Conversion>> {
    let name = read::text(node);
    if let Some(conversion) = name.and_then(Conversion::named) {
        return Some(Spanned::new(conversion, node.span));
    }
    let names = Conversion::ALL.map(|(name, _)| name);
    let help = match name.and_then(|name| nearest(name, names)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the conversions are {}", names.join(", ")),
    };
    fail(
        compiling,
        Diagnostic::error(
            UNKNOWN_CONVERSION,
            format!("`as` has {}, which is no conversion", found(node)),
        )
        .label(node.span, "expected a conversion")
        .help(help),
    );
    None
}

fn lookup(
    node: &Node,
    names: &mut Vec<(Arc<str>, Span)>,
    compiling: &mut Compiling<'_>,
) -> Option<Lookup> {
    let Some(entries) = node.as_map() else {
        fail(
            compiling,
            Diagnostic::error(WRONG_OPTION, format!("`lookup` has {}", node.describe()))
                .label(node.span, "expected `{ FROM: TO, … }`"),
        );
        return None;
    };
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let value = strict_literal(&entry.value, "lookup", names, compiling)?;
            let to = Spanned::new(value, entry.value.span);
            Some((Arc::clone(&entry.key.value), to))
        })
        .collect();
    rows.into_iter()
        .collect::<Option<Vec<_>>>()
        .map(Lookup::new)
}
