//! Documents of a size that no editor makes.

use flowline::adf::{Format, render, render_within};

use super::{parse, read_html};

const DEPTH: usize = 100_000;

const FORMATS: [Format; 3] = [Format::Text, Format::Markdown, Format::Html];

/// A document of containers in one another around a text.
fn nested(depth: usize, before: &str, after: &str) -> String {
    format!(
        r#"{{"type":"doc","content":[{}{{"type":"paragraph","content":[{{"type":"text","text":"deepest"}}]}}{}]}}"#,
        before.repeat(depth),
        after.repeat(depth)
    )
}

fn containers() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            r#"{"type":"bulletList","content":[{"type":"listItem","content":["#,
            "]}]}",
        ),
        (
            r#"{"type":"orderedList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"x"}]},"#,
            "]}]}",
        ),
        (r#"{"type":"taskList","content":["#, "]}"),
        (r#"{"type":"blockquote","content":["#, "]}"),
        (r#"{"type":"panel","content":["#, "]}"),
        (
            r#"{"type":"expand","attrs":{"title":"t"},"content":["#,
            "]}",
        ),
        (
            r#"{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell","content":["#,
            "]}]}]}",
        ),
        (r#"{"type":"unheardOf","content":["#, "]}"),
        (r#"{"type":"heading","content":["#, "]}"),
        ("[", "]"),
    ]
}

#[test]
fn a_hundred_thousand_levels_are_rendered_with_their_deepest_text() {
    for (before, after) in containers() {
        let json = nested(DEPTH, before, after);
        for format in FORMATS {
            let out = render(&json, format);
            assert!(out.contains("deepest"), "{before} as {format:?}");
        }
        let html = render(&json, Format::Html);
        let text = read_html(&html).unwrap();
        assert!(text.ends_with("deepest"), "{before}");
        let cut = render_within(&json, Format::Html, 10_000);
        read_html(&cut).unwrap();
        assert!(cut.chars().count() <= 10_000, "{before}");
    }
}

#[test]
fn markdown_of_levels_without_number_still_shows_each_text_and_no_code() {
    for (before, after) in containers() {
        let parsed = parse(&render(&nested(200, before, after), Format::Markdown));
        assert!(parsed.text.contains("deepest"), "{before}");
        assert_eq!(parsed.code_blocks, 0, "{before}");
    }
}

#[test]
fn output_grows_no_faster_than_input() {
    let paragraph = r#"{"type":"paragraph","content":[{"type":"text","text":"a\nb","marks":[{"type":"strong"}]},{"type":"text","text":"c"}]}"#;
    let row = format!(
        r#"{{"type":"tableRow","content":[{{"type":"tableCell","content":[{paragraph}]}}]}}"#
    );
    let wide_row = |cells: usize| {
        let cell = r#"{"type":"tableCell","attrs":{"colspan":1000,"rowspan":1000},"content":[]}"#;
        format!(
            r#"{{"type":"tableRow","content":[{}]}}"#,
            vec![cell; cells].join(",")
        )
    };
    let list = |content: &str| format!(r#"{{"type":"doc","content":[{content}]}}"#);
    type Make<'a> = Box<dyn Fn(usize) -> String + 'a>;
    let mut makes: Vec<Make<'_>> = vec![
        Box::new(|size| list(&vec![paragraph; size].join(","))),
        Box::new(|size| {
            let rows = vec![&*row; size].join(",");
            list(&format!(
                r#"{{"type":"table","content":[{},{rows}]}}"#,
                wide_row(size)
            ))
        }),
        Box::new(|size| {
            let rows = vec![&*row; size].join(",");
            list(&format!(
                r#"{{"type":"table","content":[{},{rows}]}}"#,
                wide_row(1)
            ))
        }),
    ];
    for (before, after) in containers() {
        let before = format!("{before}{}", if before == "[" { "" } else { paragraph })
            + if before == "[" { "" } else { "," };
        makes.push(Box::new(move |size| nested(size, &before, after)));
    }
    for (index, make) in makes.iter().enumerate() {
        for format in FORMATS {
            let once = render(&make(2_000), format).len();
            let twice = render(&make(4_000), format).len();
            assert!(
                twice <= once * 2 + once / 20,
                "{index} as {format:?}: {once}, {twice}"
            );
        }
    }
}
