//! Checking what expressions read against the record's shape, and gathering the read set.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::LookupPlan;
use super::compiler::{Compiler, WithNode, located};
use super::steps::Flow;
use crate::diagnostic::{Code, nearest};
use crate::expression::{
    Condition, Conversion, Expression, Kind, LocatedReference, Path, Reference, StepKind, Usage,
};
use crate::record::{Projection, Value};
use crate::shape::{Format, Kinds, NoSuchStep, Shape};

const UNKNOWN_FIELD: Code = Code::new("path.unknown_field");
const NO_MEMBERS: Code = Code::new("path.no_members");
const NO_ELEMENTS: Code = Code::new("path.no_elements");
const PRINTS_COLLECTION: Code = Code::new("template.prints_collection");
const NULL_OR_ABSENT: Code = Code::new("condition.null_or_absent");

/// What is read of the source's record: fields that a step has made are not its.
#[derive(Clone, Debug)]
pub(super) struct Reads {
    pub(super) projection: Projection,
    made: HashSet<Arc<str>>,
    /// Fields that a look-up of that number fills.
    looked_up: HashMap<Arc<str>, usize>,
    all_made: bool,
}

impl Reads {
    /// Nothing yet.
    pub(super) fn nothing() -> Self {
        Self {
            projection: Projection::nothing(),
            made: HashSet::new(),
            looked_up: HashMap::new(),
            all_made: false,
        }
    }

    /// Whether the record is one that is gone.
    pub(super) fn deletion(&mut self) {
        if !self.all_made {
            self.projection.add(&["deleted".into()], &Projection::Whole);
        }
    }

    /// The record is handed on whole.
    pub(super) fn whole(&mut self, compiler: &mut Compiler<'_>) {
        if !self.all_made {
            self.projection.unite(&Projection::Whole);
        }
        for lookup in self.looked_up.values() {
            if let Some(lookup) = compiler.lookups.get_mut(*lookup) {
                lookup.reads.unite(&Projection::Whole);
            }
        }
    }

    /// A step has made the field.
    pub(super) fn replaced(&mut self, name: &Arc<str>) {
        self.made.insert(Arc::clone(name));
        self.looked_up.remove(name);
    }

    /// A look-up fills the field.
    pub(super) fn looked_up(&mut self, name: &Arc<str>, lookup: usize) {
        self.made.insert(Arc::clone(name));
        self.looked_up.insert(Arc::clone(name), lookup);
    }

    /// A step has made the record anew.
    pub(super) fn replaced_all(&mut self) {
        self.all_made = true;
        self.looked_up.clear();
    }

    fn add(&mut self, reference: &Reference, shape: &Shape, lookups: &mut [LookupPlan]) {
        if let Some(StepKind::Name(first)) = reference.steps.first().map(|step| &step.kind)
            && (self.all_made || self.made.contains(first))
            && !self.looked_up.contains_key(first)
        {
            return;
        }
        let mut end = match reference.usage {
            Usage::Taken | Usage::Scalar => Projection::Whole,
            // Whether something is there can be told without building it.
            Usage::Rendered | Usage::Tested => Projection::Raw,
        };
        let mut names = Vec::new();
        let mut at = Some(shape.clone());
        for step in &reference.steps {
            match &step.kind {
                StepKind::Name(name) => {
                    names.push(Arc::clone(name));
                    at = at.and_then(|shape| shape.member(name).ok());
                }
                // Lists are transparent to a projection; the members of an object are not.
                StepKind::Index(_) => at = at.and_then(|shape| shape.element().ok()),
                StepKind::Each => {
                    let list = at
                        .as_ref()
                        .is_some_and(|shape| !shape.kinds.contains(Kinds::OBJECT));
                    if !list {
                        end = Projection::Whole;
                        break;
                    }
                    at = at.and_then(|shape| shape.each().ok());
                }
                StepKind::Descendants => {
                    end = Projection::Whole;
                    break;
                }
            }
        }
        let found = names
            .split_first()
            .and_then(|(first, rest)| Some((self.looked_up.get(first)?, rest)));
        match found {
            Some((lookup, rest)) => {
                if let Some(lookup) = lookups.get_mut(*lookup) {
                    lookup.reads.add(rest, &end);
                }
            }
            None => {
                if !self.all_made {
                    self.projection.add(&names, &end);
                }
                if names.is_empty() {
                    for lookup in self.looked_up.values() {
                        if let Some(lookup) = lookups.get_mut(*lookup) {
                            lookup.reads.unite(&end);
                        }
                    }
                }
            }
        }
    }
}

/// Checks a value's references and adds them to the read set.
pub(super) fn expression(expression: &Expression, flow: &mut Flow, compiler: &mut Compiler<'_>) {
    references(&expression.references(), flow, compiler);
    let shape = flow.shape.clone();
    let is_field = |name: &str| {
        let mut steps = name.split('.');
        let found = steps.try_fold(shape.clone(), |at, step| {
            at.members.as_ref()?.named.get(step).cloned()
        });
        found.is_some()
    };
    expression.warn_of_names(&is_field, &mut compiler.diagnostics);
}

/// Checks a condition's references and adds them to the read set.
pub(super) fn condition(
    condition: &WithNode<Condition>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) {
    references(
        &located(condition.value.references(), &condition.node),
        flow,
        compiler,
    );
    for comparison in condition.value.comparisons_with_null() {
        let Ok(found) = walk(&comparison.reference, &flow.shape) else {
            continue;
        };
        if found.optional {
            let span = condition
                .node
                .as_scalar()
                .map_or(condition.node.span, |scalar| {
                    scalar.locate(comparison.range.clone())
                });
            compiler.warning(
                NULL_OR_ABSENT,
                "this also holds where the field is not there at all",
                span,
                "null or absent",
                "to ask whether there is a value, write the path alone",
            );
        }
    }
}

/// Checks references and adds them to the read set.
pub(super) fn references(
    references: &[LocatedReference],
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) {
    for located in references {
        flow.reads
            .add(&located.reference, &flow.shape, &mut compiler.lookups);
        match walk(&located.reference, &flow.shape) {
            Ok(found) => {
                let printable = Kinds::SCALAR.union(Kinds::NULL);
                if located.reference.usage == Usage::Scalar && found.kinds.is_disjoint(printable) {
                    compiler.mistake(
                        PRINTS_COLLECTION,
                        format!("{} cannot be printed", found.kinds),
                        located.span(),
                        "expected text, a number or a boolean",
                        "name a member of it, or write it as JSON: `{{json …}}`",
                    );
                }
            }
            Err((step, trouble)) => unknown(located, step, trouble, compiler),
        }
    }
}

fn unknown(
    located: &LocatedReference,
    step: usize,
    trouble: NoSuchStep,
    compiler: &mut Compiler<'_>,
) {
    let span = located.step_span(step);
    let before: String = path_text(&located.reference, step);
    let name = match located.reference.steps.get(step).map(|step| &step.kind) {
        Some(StepKind::Name(name)) => name.to_string(),
        _ => String::new(),
    };
    match trouble {
        NoSuchStep::Member { known } => {
            let near = nearest(&name, known.iter().map(|name| &**name));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("`{before}` has no fields"),
                None => {
                    let mut names: Vec<&str> = known.iter().map(|name| &**name).take(12).collect();
                    if known.len() > names.len() {
                        names.push("…");
                    }
                    format!("`{before}` has: {}", names.join(", "))
                }
            };
            compiler.mistake(
                UNKNOWN_FIELD,
                format!("`{before}` has no field `{name}`"),
                span,
                "no such field",
                help,
            );
        }
        NoSuchStep::NotAnObject(kinds) => compiler.mistake(
            NO_MEMBERS,
            format!("`{before}` is {kinds} and has no fields"),
            span,
            "nothing is ever found here",
            format!("leave the step out: `{before}`"),
        ),
        NoSuchStep::NotAList(kinds) => compiler.mistake(
            NO_ELEMENTS,
            format!("`{before}` is {kinds} and has no elements"),
            span,
            "nothing is ever found here",
            format!("leave the step out: `{before}`"),
        ),
    }
}

fn path_text(reference: &Reference, steps: usize) -> String {
    let mut text = String::from("$");
    for step in reference.steps.iter().take(steps) {
        match &step.kind {
            StepKind::Name(name) => {
                text.push('.');
                text.push_str(name);
            }
            StepKind::Index(index) => {
                text.push('[');
                text.push_str(&index.to_string());
                text.push(']');
            }
            StepKind::Each => text.push_str("[*]"),
            StepKind::Descendants => text.push_str(".."),
        }
    }
    text
}

/// What a reference finds, or the step that finds nothing.
fn walk(reference: &Reference, shape: &Shape) -> Result<Shape, (usize, NoSuchStep)> {
    let mut at = shape.clone();
    for (index, step) in reference.steps.iter().enumerate() {
        at = match &step.kind {
            StepKind::Name(name) => at.member(name),
            StepKind::Index(_) => at.element(),
            StepKind::Each => at.each(),
            StepKind::Descendants => return Ok(Shape::any()),
        }
        .map_err(|trouble| (index, trouble))?;
    }
    Ok(at)
}

/// What one match of a path is.
pub(super) fn selected(path: &Path, shape: &Shape) -> Shape {
    let selections = path.selections().iter();
    selections
        .map(|reference| walk(reference, shape).unwrap_or_else(|_| Shape::any()))
        .reduce(|left, right| left.union(&right))
        .unwrap_or_else(Shape::any)
}

/// The shape after what a path selects has been removed, or replaced by values of another shape.
pub(super) fn edited(shape: &Shape, path: &Path, becomes: Option<&Shape>) -> Shape {
    let selections = path.selections().iter();
    selections.fold(shape.clone(), |shape, reference| {
        edited_at(&shape, &reference.steps, becomes)
    })
}

fn edited_at(shape: &Shape, steps: &[crate::expression::Step], becomes: Option<&Shape>) -> Shape {
    let Some((step, rest)) = steps.split_first() else {
        return match becomes {
            // Strings and null stay as they are.
            Some(becomes) => Shape {
                optional: shape.optional,
                kinds: becomes.kinds.union(shape.kinds.intersection(Kinds::NULL)),
                ..becomes.clone()
            },
            None => Shape {
                optional: true,
                ..shape.clone()
            },
        };
    };
    match &step.kind {
        StepKind::Name(name) => match (&shape.members, shape.member(name)) {
            (Some(members), Ok(member)) => {
                let mut members = (**members).clone();
                if rest.is_empty() && becomes.is_none() {
                    members.named.shift_remove(name);
                } else {
                    members
                        .named
                        .insert(Arc::clone(name), edited_at(&member, rest, becomes));
                }
                Shape {
                    members: Some(Arc::new(members)),
                    ..shape.clone()
                }
            }
            _ => shape.clone(),
        },
        StepKind::Index(_) | StepKind::Each => match &shape.items {
            Some(items) => Shape {
                items: Some(Arc::new(items.union(&edited_at(items, rest, becomes)))),
                ..shape.clone()
            },
            None => shape.clone(),
        },
        StepKind::Descendants => Shape::any(),
    }
}

/// What a value can be.
pub(super) fn shape_of(expression: &Expression, record: &Shape) -> Shape {
    shape_with(expression, record, true)
}

/// What a value can be where its `default` does not stand in for it.
pub(super) fn shape_without_default(expression: &Expression, record: &Shape) -> Shape {
    shape_with(expression, record, false)
}

fn shape_with(expression: &Expression, record: &Shape, default: bool) -> Shape {
    let made = match expression.kind() {
        Kind::Path(path) => path_shape(path, record),
        Kind::Template(_) => Shape::of(Kinds::TEXT),
        Kind::Literal(value) => of_value(value),
        Kind::List(elements) => {
            let items = elements.iter().map(|element| shape_of(element, record));
            match items.reduce(|left, right| left.union(&right)) {
                Some(items) => Shape::list(items),
                None => Shape::of(Kinds::LIST),
            }
        }
        Kind::Map(members) => Shape::object(
            members
                .iter()
                .map(|(name, member)| (Arc::clone(name), shape_of(member, record)))
                .collect(),
        ),
        Kind::First(choices) => {
            let shapes: Vec<Shape> = choices
                .iter()
                .map(|choice| shape_of(choice, record))
                .collect();
            let missing = shapes.iter().all(Shape::may_be_missing);
            let united = shapes
                .into_iter()
                .reduce(|left, right| left.union(&right))
                .unwrap_or_else(Shape::any);
            if missing { united } else { present(united) }
        }
    };
    with_options(made, expression, default)
}

fn with_options(mut shape: Shape, expression: &Expression, default: bool) -> Shape {
    let options = expression.options();
    let missing = shape.may_be_missing();
    if let Some(lookup) = &options.lookup {
        let rows = lookup
            .rows()
            .iter()
            .map(|(_, value)| of_value(&value.value));
        let found = rows
            .reduce(|left, right| left.union(&right))
            .unwrap_or_else(Shape::any);
        let list = shape.kinds.contains(Kinds::LIST);
        let scalar = !shape.kinds.is_disjoint(Kinds::SCALAR.union(Kinds::OBJECT));
        shape = match (list, scalar) {
            (true, false) => Shape::list(found),
            (true, true) => found.clone().union(&Shape::list(found)).or_missing(),
            _ => found.or_missing(),
        };
    }
    if let Some(conversion) = &options.conversion {
        shape = converted(&shape, conversion.value);
        shape.optional = missing || options.lookup.is_some();
    }
    if let Some(default) = options.default.as_ref().filter(|_| default) {
        shape = present(shape).union(&of_value(&default.value));
    }
    if options.required == Some(true) {
        shape = present(shape);
    }
    if options.required == Some(false) && matches!(expression.kind(), Kind::Template(_)) {
        shape.optional = true;
    }
    shape
}

fn converted(from: &Shape, conversion: Conversion) -> Shape {
    let to = |kinds, format| Shape {
        format,
        ..Shape::of(kinds)
    };
    let scalar = match conversion {
        Conversion::Integer | Conversion::EpochMs => to(Kinds::INTEGER, None),
        Conversion::Number | Conversion::Hours => to(Kinds::NUMBER, None),
        Conversion::Boolean => to(Kinds::BOOLEAN, None),
        Conversion::Date => to(Kinds::TEXT, Some(Format::Date)),
        Conversion::DateTime => to(Kinds::TEXT, Some(Format::DateTime)),
        Conversion::List => {
            return match (&from.items, from.kinds.contains(Kinds::LIST)) {
                (Some(items), true) => Shape::list((**items).clone()),
                (None, true) => Shape::of(Kinds::LIST),
                (_, false) => Shape::list(present(from.clone())),
            };
        }
        Conversion::Json
        | Conversion::Text
        | Conversion::Markdown
        | Conversion::Html
        | Conversion::String
        | Conversion::Lower
        | Conversion::Upper => to(Kinds::TEXT, None),
    };
    let whole = matches!(
        conversion,
        Conversion::Json | Conversion::Text | Conversion::Markdown | Conversion::Html
    );
    if from.kinds.contains(Kinds::LIST) && !whole {
        let list = Shape::list(scalar.clone());
        let others = from.kinds.without(Kinds::LIST.union(Kinds::NULL));
        return if others == Kinds::NONE {
            list
        } else {
            scalar.union(&list)
        };
    }
    scalar
}

fn path_shape(path: &Path, record: &Shape) -> Shape {
    let one = selected(path, record);
    if path.is_singular() {
        one
    } else {
        Shape::list(Shape {
            optional: false,
            ..one
        })
    }
}

/// What a value is where it is there.
fn present(shape: Shape) -> Shape {
    Shape {
        optional: false,
        kinds: shape.kinds.without(Kinds::NULL),
        ..shape
    }
}

/// The shape of just this value.
pub(super) fn of_value(value: &Value) -> Shape {
    match value {
        Value::Null => Shape::of(Kinds::NULL),
        Value::Bool(_) => fixed(Kinds::BOOLEAN, value),
        Value::Number(number) => fixed(
            if number.as_i64().is_some() {
                Kinds::INTEGER
            } else {
                Kinds::NUMBER
            },
            value,
        ),
        Value::String(_) => fixed(Kinds::TEXT, value),
        Value::Array(elements) => match elements
            .iter()
            .map(of_value)
            .reduce(|left, right| left.union(&right))
        {
            Some(items) => Shape::list(items),
            None => Shape::of(Kinds::LIST),
        },
        Value::Object(members) => {
            let named: IndexMap<_, _> = members
                .iter()
                .map(|(name, member)| (Arc::clone(name), of_value(member)))
                .collect();
            Shape::object(named)
        }
        Value::Raw(_) => Shape {
            optional: false,
            ..Shape::any()
        },
    }
}

fn fixed(kinds: Kinds, value: &Value) -> Shape {
    Shape {
        values: Some([value.clone()].into()),
        ..Shape::of(kinds)
    }
}
