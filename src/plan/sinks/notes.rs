//! `brevo.notes`.

use super::super::check;
use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::identify::{identify, says_nobody};
use super::message;
use super::values::value;
use crate::config;
use crate::connectors::brevo::spec as brevo;
use crate::diagnostic::Span;
use crate::expression::{Place, Reference, escape_html};

pub(super) fn notes(
    written: &config::BrevoNotes,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Notes> {
    let nobody = says_nobody(&written.identify, written.identify.span, compiler);
    let identify = identify(&written.identify, flow, compiler);
    let mut text = value(&written.text, Place::LeftOut, flow, compiler);
    if let Some(text) = &mut text {
        message::text("text", text, flow, compiler);
        // What is HTML already goes on as it is; anything else of a record is text.
        let is_html = |reference: &Reference| check::is_html(reference, &flow.shape);
        text.escape_texts(escape_html, &is_html);
    }
    let id = message::id(written.id.as_ref(), span, "a note", flow, compiler);
    let backfill = message::backfill(written.backfill.as_ref(), compiler);
    if nobody {
        return None;
    }
    Some(brevo::Notes {
        identify: identify?,
        text: text?,
        id: id?,
        backfill_ms: backfill?,
    })
}

#[cfg(test)]
mod tests {
    use crate::operation::{Operation, Place};
    use crate::plan::Made;
    use crate::plan::testing::{plan, record};
    use crate::transform::MaskKey;

    const DOCUMENT: &str = r#"{"type":"doc","version":1,"content":[{"type":"paragraph","content":[
        {"type":"text","text":"1 < "},{"type":"text","text":"two","marks":[{"type":"strong"}]}]}]}"#;

    /// The operation of a record `{ body, who, key }`, after transforms.
    fn note(transforms: &str, text: &str) -> Operation {
        let plan = plan(&format!(
            "sources: [file: {{ path: in.jsonl, id: $.key }}]\nsinks:\n  - brevo.notes:\n      \
             transforms: {transforms}\n      identify: {{ email: a@b.example }}\n      text: {text}\n"
        ));
        let sink = &plan.sinks[0];
        let key = MaskKey::new([7; 32]);
        let record = record(&format!(
            r#"{{"key":"1","who":"<b>me</b>","c":[{{"body":{DOCUMENT}}}],"body":{DOCUMENT}}}"#
        ));
        let mut records = vec![record];
        for stage in &sink.stages {
            let crate::plan::Stage::Step(step) = stage else {
                panic!("a step");
            };
            let mut out = Vec::new();
            for record in records {
                step.apply(record, &key, &mut out).unwrap();
            }
            records = out;
        }
        let at = Place {
            file: "pipelines/a.yaml".into(),
            line: 1,
            column: 1,
        };
        match sink.kind.operation(&records[0], 0, &at).unwrap() {
            Made::Operation(operation) => *operation,
            other => panic!("{other:?}"),
        }
    }

    fn text(transforms: &str, text: &str) -> String {
        let note = note(transforms, text);
        let text = note.payload.get("text").and_then(|text| text.as_str());
        text.unwrap().to_owned()
    }

    #[test]
    fn what_is_printed_is_escaped_but_for_what_was_rendered_as_html() {
        let body = "<p>1 &lt; <strong>two</strong></p>";
        let html = "[adf_to_text: { paths: [$.body], format: html }]";
        assert_eq!(
            text(html, "'<p>{{who}}</p>{{body}}'"),
            format!("<p>&lt;b&gt;me&lt;/b&gt;</p>{body}")
        );
        assert_eq!(text(html, "$.body"), body);
        assert_eq!(text("[]", "{ path: $.body, as: html }"), body);
        assert_eq!(text("[]", "$.who"), "&lt;b&gt;me&lt;/b&gt;");
        let plain = "[adf_to_text: [$.body]]";
        assert_eq!(text(plain, "'{{body}}'"), "1 &lt; two");
        let map = "[map: { h: { path: $.body, as: html }, who: $.who }]";
        assert_eq!(
            text(map, "'{{h}}{{upper who}}'"),
            format!("{body}&lt;B&gt;ME&lt;/B&gt;")
        );
    }

    #[test]
    fn what_exceeds_10_000_characters_is_cut_between_elements() {
        let long = format!("'<p>{}</p><p>{}</p>'", "a".repeat(6_000), "b".repeat(6_000));
        assert_eq!(text("[]", &long), format!("<p>{}</p>…", "a".repeat(6_000)));
    }
}
