//! Compiling transforms, and following the record's shape through them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::check::{self, Reads};
use super::compile::Surroundings;
use super::compiler::{Compiler, located};
use super::{Stage, enrich};
use crate::adf::Format;
use crate::config::{self, Aggregation, Keyed, Members, Transform, Written};
use crate::diagnostic::{Code, Span};
use crate::expression::{Expression, Place, Usage};
use crate::shape::{Kinds, Shape};
use crate::syntax::Kind;
use crate::transform::{
    Aggregate, Contract, Dedupe, Each, Expect, Function, Keep, Map, Mask, Passing, Reduced, Remove,
    RichText, Set, Step, StepKind, Survivor,
};

const NAME_TAKEN: Code = Code::new("each.name_taken");
const ONE_NAME: Code = Code::new("each.one_name");
const SINGULAR: Code = Code::new("each.singular_path");
const ONE_CONTRACT: Code = Code::new("expect.one_contract");
const BAD_SCHEMA: Code = Code::new("expect.bad_schema");
const GROUP_NAME_TAKEN: Code = Code::new("aggregate.name_taken");
const WHOLE_RECORD: Code = Code::new("path.whole_record");

/// What is known while transforms are compiled one after the other.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// What the record can hold at this point.
    pub(super) shape: Shape,
    /// True where the record has an identity.
    pub(super) has_identity: bool,
    /// True where the record has a time.
    pub(super) has_time: bool,
    /// What is read of the source's record so far.
    pub(super) reads: Reads,
}

/// Compiles transforms; what cannot be compiled is among the diagnostics, and the shape goes on as
/// well as it can be told, so that one mistake gives one diagnostic.
pub(super) fn compile(
    transforms: &[Keyed<Transform>],
    flow: &mut Flow,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Vec<Stage> {
    transforms
        .iter()
        .filter_map(|transform| one(transform, flow, surroundings, compiler))
        .collect()
}

fn one(
    transform: &Keyed<Transform>,
    flow: &mut Flow,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Option<Stage> {
    let span = transform.key;
    let kind = match &transform.value {
        Transform::Keep(written) => {
            StepKind::Keep(keep(written, Passing::Holding, flow, compiler)?)
        }
        Transform::Drop(written) => {
            StepKind::Keep(keep(written, Passing::NotHolding, flow, compiler)?)
        }
        Transform::Map(members) => StepKind::Map(map(members, flow, compiler)?),
        Transform::Set(members) => StepKind::Set(set(members, flow, compiler)?),
        Transform::Remove(paths) => {
            let paths = edited(paths, flow, compiler, Usage::Tested, None)?;
            StepKind::Remove(Remove { paths })
        }
        Transform::Each(members) => StepKind::Each(each(members, span, flow, compiler)?),
        Transform::AdfToText(long) => {
            let text = Shape::of(Kinds::TEXT);
            StepKind::RichText(RichText {
                paths: edited(&long.paths, flow, compiler, Usage::Rendered, Some(&text))?,
                format: match long.format.map(|format| format.value) {
                    None | Some(config::TextFormat::Text) => Format::Text,
                    Some(config::TextFormat::Markdown) => Format::Markdown,
                    Some(config::TextFormat::Html) => Format::Html,
                },
                max_length: long
                    .max_length
                    .map(|length| usize::try_from(length.value).unwrap_or(usize::MAX)),
            })
        }
        Transform::Mask(paths) => {
            let text = Shape {
                format: None,
                ..Shape::of(Kinds::TEXT)
            };
            StepKind::Mask(Mask {
                paths: edited(paths, flow, compiler, Usage::Taken, Some(&text))?,
            })
        }
        Transform::Expect(contract) => StepKind::Expect(expect(contract, span, flow, compiler)?),
        Transform::Aggregate(written) => {
            return aggregate(written, span, flow, compiler).map(Stage::Aggregate);
        }
        Transform::Dedupe(written) => {
            let by = value(&written.by, flow, compiler)?;
            let keep = match written.keep.map(|keep| keep.value) {
                Some(config::Survivor::First) => Survivor::First,
                None | Some(config::Survivor::Last) => Survivor::Last,
            };
            return Some(Stage::Dedupe(Dedupe { by, keep }, span));
        }
        Transform::Enrich(members) => {
            return enrich::enrich(members, flow, surroundings, compiler).map(Stage::Enrich);
        }
    };
    Some(Stage::Step(Step { kind, span }))
}

/// Compiles a value of a transform and checks what it reads.
pub(super) fn value(
    written: &Written,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Expression> {
    let expression = compiler.expression(written, Place::Transform)?;
    check::expression(&expression, flow, compiler);
    Some(expression)
}

fn keep(
    written: &Written,
    passing: Passing,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Keep> {
    let condition = compiler.condition(written)?;
    check::condition(&condition, flow, compiler);
    Some(Keep {
        condition: condition.value,
        passing,
    })
}

fn fields(
    members: &Members<Written>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Vec<(Arc<str>, Expression)>> {
    let compiled: Vec<_> = members
        .iter()
        .map(|(name, written)| Some((Arc::clone(&name.value), value(written, flow, compiler)?)))
        .collect();
    compiled.into_iter().collect()
}

fn map(members: &Members<Written>, flow: &mut Flow, compiler: &mut Compiler<'_>) -> Option<Map> {
    let fields = fields(members, flow, compiler);
    let shapes = match &fields {
        Some(fields) => fields
            .iter()
            .map(|(name, expression)| (Arc::clone(name), check::shape_of(expression, &flow.shape)))
            .collect(),
        // The names are known even where a value is a mistake.
        None => members
            .iter()
            .map(|(name, _)| (Arc::clone(&name.value), Shape::any()))
            .collect(),
    };
    flow.shape = Shape::object(shapes);
    flow.reads.replaced_all();
    fields.map(|fields| Map { fields })
}

fn set(members: &Members<Written>, flow: &mut Flow, compiler: &mut Compiler<'_>) -> Option<Set> {
    let fields = fields(members, flow, compiler);
    let mut shape = flow.shape.clone();
    for (index, (name, _)) in members.iter().enumerate() {
        let new = fields
            .as_ref()
            .and_then(|fields| fields.get(index))
            .map_or_else(Shape::any, |(_, expression)| {
                check::shape_of(expression, &flow.shape)
            });
        // Nothing leaves the field as it was.
        let before = flow.shape.member(&name.value).ok();
        let stays = new.optional;
        let member = match before {
            Some(before) if stays => before.union(&Shape {
                optional: before.optional,
                ..new
            }),
            _ => new,
        };
        shape = shape.with_member(Arc::clone(&name.value), member);
        if !stays {
            flow.reads.replaced(&name.value);
        }
    }
    flow.shape = shape;
    fields.map(|fields| Set { fields })
}

/// Paths that are changed in place.
fn edited(
    written: &[Written],
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
    usage: Usage,
    becomes: Option<&Shape>,
) -> Option<Vec<crate::expression::Path>> {
    let mut paths = Vec::new();
    let mut good = true;
    for written in written {
        let Some(path) = compiler.path(written) else {
            good = false;
            continue;
        };
        if path.value.text() == "$" {
            compiler.mistake(
                WHOLE_RECORD,
                "`$` is the whole record, not a field of it",
                path.node.span,
                "expected a field",
                "name the fields, e.g. `$.fields.description`; a record goes by `drop:`",
            );
            good = false;
            continue;
        }
        let mut references = located(path.value.references(), &path.node);
        for reference in &mut references {
            if reference.reference.usage == Usage::Taken {
                reference.reference.usage = usage;
            }
        }
        check::references(&references, flow, compiler);
        flow.shape = check::edited(&flow.shape, &path.value, becomes);
        paths.push(path.value);
    }
    good.then_some(paths)
}

fn each(
    members: &Members<Written>,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Each> {
    let mut entries = members.iter();
    let (Some((name, written)), None) = (entries.next(), entries.next()) else {
        compiler.mistake(
            ONE_NAME,
            "`each` takes one name and one path",
            span,
            "one name and its path",
            "write `each: { change: $.changes[*] }`",
        );
        // What it would add is there: nothing that reads it is a mistake of its own.
        for (name, _) in members.iter() {
            let any = Shape::any();
            flow.shape = flow.shape.with_member(Arc::clone(&name.value), any);
        }
        return None;
    };
    if let Some(known) = &flow.shape.members
        && known.named.contains_key(&*name.value)
    {
        compiler.mistake(
            NAME_TAKEN,
            format!("the record already has a field `{}`", name.value),
            name.span,
            "a new name",
            "name the match differently: `each` keeps the rest of the record beside it",
        );
        return None;
    }
    let path = compiler.path(written);
    let element = path.as_ref().map_or_else(Shape::any, |path| {
        let references = located(path.value.references(), &path.node);
        check::references(&references, flow, compiler);
        check::selected(&path.value, &flow.shape)
    });
    if let Some(path) = &path
        && path.value.is_singular()
        && element.kinds.contains(Kinds::LIST)
        && element.kinds.without(Kinds::LIST.union(Kinds::NULL)) == Kinds::NONE
    {
        let text = path.value.text();
        compiler.warning(
            SINGULAR,
            format!("`{text}` selects the list itself, one record comes out"),
            path.node.span,
            "one match: the list",
            format!("write `{text}[*]` for one record an element"),
        );
    }
    flow.shape = flow.shape.with_member(
        Arc::clone(&name.value),
        Shape {
            optional: false,
            ..element
        },
    );
    flow.reads.replaced(&name.value);
    path.map(|path| Each {
        name: Arc::clone(&name.value),
        path: path.value,
    })
}

fn expect(
    contract: &config::Expect,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Expect> {
    let one = match (&contract.schema, &contract.condition) {
        (Some(schema), None) => {
            flow.reads.whole(compiler);
            let json = serde_json::to_value(schema.to_value()).ok()?;
            let built = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .build(&json);
            match built {
                Ok(validator) => Contract::Schema(Box::new(validator)),
                Err(error) => {
                    let mut node = &schema.0;
                    let mut keyword = "it";
                    for step in error.instance_path().as_str().split('/').skip(1) {
                        let next = match &node.kind {
                            Kind::List(elements) => step
                                .parse()
                                .ok()
                                .and_then(|index: usize| elements.get(index)),
                            _ => node.get(step),
                        };
                        node = next.unwrap_or(node);
                        keyword = step;
                    }
                    compiler.mistake(
                        BAD_SCHEMA,
                        format!("not a JSON Schema: `{keyword}` cannot be this"),
                        node.span,
                        "not of JSON Schema 2020-12",
                        "e.g. `{ type: object, required: [key], properties: { key: { type: string } } }`",
                    );
                    return None;
                }
            }
        }
        (None, Some(written)) => {
            let condition = compiler.condition(written)?;
            check::condition(&condition, flow, compiler);
            Contract::Condition(condition.value)
        }
        _ => {
            compiler.mistake(
                ONE_CONTRACT,
                "`expect` takes a schema or a condition, one of them",
                span,
                "`schema:` or `condition:`",
                "write two `expect` steps for two contracts",
            );
            return None;
        }
    };
    let message = contract
        .message
        .as_ref()
        .map(|message| message.value.clone());
    Some(Expect {
        contract: one,
        message,
        file: Arc::clone(compiler.source),
        span,
    })
}

fn aggregate(
    written: &config::Aggregate,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Aggregate> {
    let by = fields(&written.by, flow, compiler);
    let mut values = Vec::new();
    let mut shapes: IndexMap<Arc<str>, Shape> = IndexMap::new();
    for (index, (name, _)) in written.by.iter().enumerate() {
        let shape = by
            .as_ref()
            .and_then(|by| by.get(index))
            .map_or_else(Shape::any, |(_, expression)| {
                check::shape_of(expression, &flow.shape)
            });
        shapes.insert(Arc::clone(&name.value), shape);
    }
    let mut good = by.is_some();
    for (name, aggregation) in written.values.iter() {
        if written
            .by
            .iter()
            .any(|(known, _)| known.value == name.value)
        {
            compiler.mistake(
                GROUP_NAME_TAKEN,
                format!("`{}` is already a name under `by`", name.value),
                name.span,
                "a name of its own",
                "the record of a group has the names of `by` and of `values`: rename one",
            );
            good = false;
            continue;
        }
        let function = function(&aggregation.value);
        let argument = aggregation.value.argument();
        let compiled = match function {
            Function::Count => counted(argument, flow, compiler),
            _ => value(argument, flow, compiler),
        };
        let input = compiled
            .as_ref()
            .map_or_else(Shape::any, |of| check::shape_of(of, &flow.shape));
        shapes.insert(Arc::clone(&name.value), reduced_shape(function, input));
        match compiled {
            Some(of) => values.push(Reduced {
                name: Arc::clone(&name.value),
                function,
                of,
            }),
            None => good = false,
        }
    }
    flow.shape = Shape::object(shapes);
    flow.reads.replaced_all();
    flow.has_identity = true;
    flow.has_time = true;
    good.then(|| Aggregate {
        by: by.unwrap_or_default(),
        values,
        file: Arc::clone(compiler.source),
        span,
    })
}

/// What is counted: of a plain path only whether something is there is asked, and of `$` nothing.
fn counted(written: &Written, flow: &mut Flow, compiler: &mut Compiler<'_>) -> Option<Expression> {
    let expression = compiler.expression(written, Place::Transform)?;
    if !matches!(expression.kind(), crate::expression::Kind::Path(_))
        || !expression.options().change_nothing()
    {
        check::expression(&expression, flow, compiler);
        return Some(expression);
    }
    let mut references = expression.references();
    references.retain(|one| !one.reference.steps.is_empty());
    for one in &mut references {
        if one.reference.usage == Usage::Taken {
            one.reference.usage = Usage::Tested;
        }
    }
    check::references(&references, flow, compiler);
    Some(expression)
}

const fn function(aggregation: &Aggregation) -> Function {
    match aggregation {
        Aggregation::Count(_) => Function::Count,
        Aggregation::Sum(_) => Function::Sum,
        Aggregation::Min(_) => Function::Min,
        Aggregation::Max(_) => Function::Max,
        Aggregation::Avg(_) => Function::Avg,
        Aggregation::First(_) => Function::First,
        Aggregation::Last(_) => Function::Last,
        Aggregation::Distinct(_) => Function::Distinct,
    }
}

/// Of nothing it is missing; in a group that is gone it is null.
fn null_or_missing(shape: Shape) -> Shape {
    Shape {
        kinds: shape.kinds.union(Kinds::NULL),
        ..shape.or_missing()
    }
}

fn reduced_shape(function: Function, input: Shape) -> Shape {
    match function {
        Function::Count => Shape::of(Kinds::INTEGER),
        Function::Sum => Shape::of(Kinds::NUMBER),
        Function::Avg => null_or_missing(Shape::of(Kinds::NUMBER)),
        Function::Distinct => null_or_missing(Shape::list(input)),
        Function::Min | Function::Max | Function::First | Function::Last => null_or_missing(input),
    }
}
