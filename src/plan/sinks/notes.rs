//! `brevo.notes`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::identify::{identify, says_nobody};
use super::message;
use super::values::value;
use crate::config;
use crate::connectors::brevo::spec as brevo;
use crate::diagnostic::Span;
use crate::expression::{Escape, Place, escape_html};

pub(super) fn notes(
    written: &config::BrevoNotes,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Notes> {
    // A note goes with what it was made of, also where a file or an API says that this is gone.
    flow.reads.deletion();
    let nobody = says_nobody(&written.identify, written.identify.span, compiler);
    let identify = identify(&written.identify, flow, compiler);
    let mut text = value(&written.text, Place::LeftOut, flow, compiler);
    if let Some(text) = &mut text {
        message::text("text", text, flow, compiler);
        // What was rendered as HTML goes on as it is; anything else of a record is text.
        text.escape_texts(Escape::but_html(escape_html));
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
        note_of(DOCUMENT, transforms, text)
    }

    /// The same with another body.
    fn note_of(body: &str, transforms: &str, text: &str) -> Operation {
        let plan = plan(&format!(
            "sources: [file: {{ path: in.jsonl, id: $.key }}]\nsinks:\n  - brevo.notes:\n      \
             transforms: {transforms}\n      identify: {{ email: a@b.example }}\n      text: {text}\n"
        ));
        let sink = &plan.sinks[0];
        let key = MaskKey::new([7; 32]);
        let record = record(&format!(
            r#"{{"key":"1","who":"<b>me</b>","c":[{{"body":{body}}}],"body":{body}}}"#
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
    fn a_text_that_looks_like_html_is_escaped_where_rich_text_would_be_html() {
        let wiki = r#""<p>a</p> *b* <script>c</script>""#;
        let escaped = "&lt;p&gt;a&lt;/p&gt; *b* &lt;script&gt;c&lt;/script&gt;";
        let html = "[adf_to_text: { paths: [$.body, '$.c[*].body'], format: html }]";
        let map = "[map: { h: { path: $.body, as: html } }]";
        for (transforms, text) in [
            (html, "$.body"),
            (html, "'{{body}}'"),
            (html, "'{{#each c}}{{body}}{{/each}}'"),
            (html, "'{{first body who}}'"),
            ("[]", "{ path: $.body, as: html }"),
            (map, "'{{h}}'"),
        ] {
            let note = note_of(wiki, transforms, text);
            let sent = note.payload.get("text").and_then(|text| text.as_str());
            assert_eq!(sent, Some(escaped), "{transforms} {text}");
        }
    }

    #[test]
    fn html_stays_html_wherever_it_is_carried() {
        let body = "<p>1 &lt; <strong>two</strong></p>";
        let html = "adf_to_text: { paths: [$.body, '$.c[*].body'], format: html }";
        for (then, text) in [
            ("", "'{{first who_else body}}'"),
            ("", "'{{#each c}}{{body}}{{/each}}'"),
            ("", "'{{#with c.[0]}}{{body}}{{/with}}'"),
            (", set: { x: { y: $.body } }", "'{{x.y}}'"),
            (", map: { x: { first: [$.none, $.body] } }", "$.x"),
            (", each: { one: '$.c[*]' }", "'{{one.body}}'"),
        ] {
            let transforms = format!("[{html}{then}]");
            assert_eq!(self::text(&transforms, text), body, "{then} {text}");
        }
    }

    #[test]
    fn what_exceeds_10_000_characters_is_cut_between_elements() {
        let long = format!("'<p>{}</p><p>{}</p>'", "a".repeat(6_000), "b".repeat(6_000));
        assert_eq!(text("[]", &long), format!("<p>{}</p>…", "a".repeat(6_000)));
    }
}
