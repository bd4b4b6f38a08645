//! Every node and mark of the format, with its exact rendering in all three formats.

use super::{Format, render};

/// What a case's JSON is: the inline nodes of a paragraph, or blocks. `@a` is a paragraph of `a`.
enum Of {
    Line(&'static str),
    Blocks(&'static str),
}

use Of::{Blocks, Line};

struct Case {
    of: Of,
    text: &'static str,
    markdown: &'static str,
    html: &'static str,
}

const CASES: &[Case] = &[
    Case {
        of: Line(r#"{"type":"text","text":"a*b"}"#),
        text: "a*b",
        markdown: r"a\*b",
        html: "<p>a*b</p>",
    },
    Case {
        of: Line(
            r#"{"type":"text","text":"a"},{"type":"hardBreak"},{"type":"hardBreak"},{"type":"text","text":"- b"},{"type":"hardBreak"}"#,
        ),
        text: "a\n\n- b",
        markdown: "a\\\n\\\n\\- b",
        html: "<p>a<br><br>- b</p>",
    },
    Case {
        of: Line(r#"{"type":"text","text":"line\nnext"}"#),
        text: "line\nnext",
        markdown: "line\\\nnext",
        html: "<p>line<br>next</p>",
    },
    Case {
        of: Line(
            r#"{"type":"mention","attrs":{"id":"5","text":"Bob"}},{"type":"text","text":", and "},{"type":"mention","attrs":{"id":"5","text":"@Eve"}},{"type":"text","text":"x"}"#,
        ),
        text: "@Bob, and @Eve x",
        markdown: "@Bob, and @Eve x",
        html: "<p>@Bob, and @Eve x</p>",
    },
    Case {
        of: Line(
            r#"{"type":"mention","attrs":{"id":"all"}},{"type":"text","text":" "},{"type":"mention","attrs":{"id":"here","text":""}},{"type":"text","text":" "},{"type":"mention","attrs":{"id":"5a"}},{"type":"text","text":" "},{"type":"mention"}"#,
        ),
        text: "@all @here @5a @unknown",
        markdown: "@all @here @5a @unknown",
        html: "<p>@all @here @5a @unknown</p>",
    },
    Case {
        of: Line(
            r#"{"type":"emoji","attrs":{"shortName":":tada:","text":"🎉"}},{"type":"emoji","attrs":{"shortName":":my_own:"}}"#,
        ),
        text: "🎉:my_own:",
        markdown: "🎉:my_own:",
        html: "<p>🎉:my_own:</p>",
    },
    Case {
        of: Line(
            r#"{"type":"date","attrs":{"timestamp":"1700000000000"}},{"type":"text","text":" "},{"type":"date","attrs":{"timestamp":1700000000}},{"type":"text","text":" "},{"type":"date","attrs":{"timestamp":"soon"}}"#,
        ),
        text: "2023-11-14 2023-11-14 soon",
        markdown: "2023-11-14 2023-11-14 soon",
        html: "<p>2023-11-14 2023-11-14 soon</p>",
    },
    Case {
        of: Line(r#"{"type":"status","attrs":{"text":"In Progress","color":"blue"}}"#),
        text: "[In Progress]",
        markdown: r"\[In Progress\]",
        html: "<p>[In Progress]</p>",
    },
    Case {
        of: Line(
            r#"{"type":"inlineCard","attrs":{"url":"https://e.example/1"}},{"type":"text","text":" "},{"type":"inlineCard","attrs":{"data":{"url":"https://e.example/2","name":"Two"}}},{"type":"text","text":" "},{"type":"inlineCard","attrs":{"data":{"name":"Three"}}},{"type":"inlineCard","attrs":{"url":"javascript:x"}}"#,
        ),
        text: "https://e.example/1 Two (https://e.example/2) Threejavascript:x",
        markdown: "<https://e.example/1> [Two](https://e.example/2) Threejavascript:x",
        html: r#"<p><a href="https://e.example/1">https://e.example/1</a> <a href="https://e.example/2">Two</a> Threejavascript:x</p>"#,
    },
    Case {
        of: Line(
            r#"{"type":"mediaInline","attrs":{"id":"m1","type":"file","alt":"a.pdf"}},{"type":"mediaInline","attrs":{"type":"file"}}"#,
        ),
        text: "[file: a.pdf][file]",
        markdown: r"[a.pdf](media:m1)\[file\]",
        html: "<p>[file: a.pdf][file]</p>",
    },
    Case {
        of: Line(
            r#"{"type":"placeholder","attrs":{"text":"Your name"}},{"type":"placeholder","attrs":{"text":""}}"#,
        ),
        text: "[Your name]",
        markdown: r"\[Your name\]",
        html: "<p>[Your name]</p>",
    },
    Case {
        of: Line(
            r#"{"type":"inlineExtension","attrs":{"extensionKey":"toc"}},{"type":"inlineExtension","attrs":{"extensionKey":"x","text":"shown"}}"#,
        ),
        text: "[toc]shown",
        markdown: r"\[toc\]shown",
        html: "<p>[toc]shown</p>",
    },
    Case {
        of: Line(
            r#"{"type":"novelty","text":"kept"},{"type":"novelty","content":[{"type":"text","text":" too"}]},{"type":"novelty","attrs":{"title":" and this"}},{"type":"novelty"}"#,
        ),
        text: "kept too and this",
        markdown: "kept too and this",
        html: "<p>kept too and this</p>",
    },
    Case {
        of: Line(
            r#"{"type":"text","text":"strong","marks":[{"type":"strong"}]},{"type":"text","text":" "},{"type":"text","text":"em","marks":[{"type":"em"}]},{"type":"text","text":" "},{"type":"text","text":"strike","marks":[{"type":"strike"}]},{"type":"text","text":" "},{"type":"text","text":"under","marks":[{"type":"underline"}]}"#,
        ),
        text: "strong em strike under",
        markdown: "**strong** *em* ~~strike~~ <u>under</u>",
        html: "<p><strong>strong</strong> <em>em</em> <del>strike</del> <u>under</u></p>",
    },
    Case {
        of: Line(
            r#"{"type":"text","text":"H"},{"type":"text","text":"2","marks":[{"type":"subsup","attrs":{"type":"sub"}}]},{"type":"text","text":"O"},{"type":"text","text":"3","marks":[{"type":"subsup","attrs":{"type":"sup"}}]}"#,
        ),
        text: "H2O3",
        markdown: "H<sub>2</sub>O<sup>3</sup>",
        html: "<p>H<sub>2</sub>O<sup>3</sup></p>",
    },
    Case {
        of: Line(r#"{"type":"text","text":"a|`b`","marks":[{"type":"code"},{"type":"strong"}]}"#),
        text: "a|`b`",
        markdown: "`` a|`b` ``",
        html: "<p><code>a|`b`</code></p>",
    },
    Case {
        of: Line(
            r##"{"type":"text","text":"a ","marks":[{"type":"strong"}]},{"type":"text","text":"b","marks":[{"type":"strong"},{"type":"em"}]},{"type":"text","text":" c","marks":[{"type":"textColor","attrs":{"color":"#f00"}}]}"##,
        ),
        text: "a b c",
        markdown: "**a *b*** c",
        html: "<p><strong>a <em>b</em></strong> c</p>",
    },
    Case {
        of: Line(
            r#"{"type":"text","text":"wo"},{"type":"text","text":"rd","marks":[{"type":"strong"}]},{"type":"text","text":"s"}"#,
        ),
        text: "words",
        markdown: "wo<strong>rd</strong>s",
        html: "<p>wo<strong>rd</strong>s</p>",
    },
    Case {
        of: Line(
            r#"{"type":"text","text":" a ","marks":[{"type":"em"}]},{"type":"text","text":"b"}"#,
        ),
        text: " a b",
        markdown: " *a* b",
        html: "<p> <em>a</em> b</p>",
    },
    Case {
        of: Line(
            r#"{"type":"text","text":"here","marks":[{"type":"link","attrs":{"href":"https://e.example/a b","title":"T \"t\""}}]},{"type":"text","text":" and ","marks":[{"type":"link","attrs":{"href":"https://e.example/a b","title":"T \"t\""}},{"type":"strong"}]},{"type":"text","text":"."}"#,
        ),
        text: "here and (https://e.example/a b) .",
        markdown: r#"[here **and**](<https://e.example/a b> "T \"t\"") ."#,
        html: r#"<p><a href="https://e.example/a b" title="T &quot;t&quot;">here <strong>and</strong></a> .</p>"#,
    },
    Case {
        of: Line(
            r#"{"type":"text","text":"e.example","marks":[{"type":"link","attrs":{"href":"https://e.example/"}}]},{"type":"text","text":" "},{"type":"text","text":"bad","marks":[{"type":"link","attrs":{"href":"java\nscript:x"}}]}"#,
        ),
        text: "e.example bad",
        markdown: "[e.example](https://e.example/) bad",
        html: r#"<p><a href="https://e.example/">e.example</a> bad</p>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"heading","attrs":{"level":2},"content":[{"type":"text","text":"A"},{"type":"hardBreak"},{"type":"text","text":"B #"}]}"#,
        ),
        text: "A\nB #",
        markdown: r"## A B \#",
        html: "<h2>A<br>B #</h2>",
    },
    Case {
        of: Blocks(
            r#"{"type":"heading","content":[{"type":"text","text":"A"}]},{"type":"heading","attrs":{"level":9},"content":[{"type":"text","text":"B"}]}"#,
        ),
        text: "A\n\nB",
        markdown: "# A\n\n###### B",
        html: "<h1>A</h1><h6>B</h6>",
    },
    Case {
        of: Blocks(
            r#"{"type":"paragraph"},{"type":"paragraph","content":[{"type":"text","text":"a"}]},{"type":"paragraph","content":[]},{"type":"paragraph","content":[{"type":"text","text":"b"}]}"#,
        ),
        text: "a\n\nb",
        markdown: "a\n\nb",
        html: "<p>a</p><p>b</p>",
    },
    Case {
        of: Blocks(
            r#"{"type":"bulletList","content":[{"type":"listItem","content":[@a,{"type":"bulletList","content":[{"type":"listItem","content":[@b]}]}]},{"type":"listItem","content":[@c,@d]},{"type":"listItem","content":[]}]}"#,
        ),
        text: "- a\n  - b\n- c\n  d\n-",
        markdown: "- a\n  - b\n- c\n\n  d\n-",
        html: "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li><li><p>c</p><p>d</p></li><li></li></ul>",
    },
    Case {
        of: Blocks(
            r#"{"type":"orderedList","attrs":{"order":9},"content":[{"type":"listItem","content":[@a]},{"type":"listItem","content":[@b,@c]}]}"#,
        ),
        text: "9. a\n10. b\n    c",
        markdown: "9. a\n10. b\n\n    c",
        html: r#"<ol start="9"><li><p>a</p></li><li><p>b</p><p>c</p></li></ol>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"orderedList","attrs":{"order":0},"content":[{"type":"listItem","content":[{"type":"orderedList","attrs":{"order":3},"content":[{"type":"listItem","content":[@a]}]}]}]}"#,
        ),
        text: "0. 3. a",
        markdown: "0. 3. a",
        html: r#"<ol start="0"><li><ol start="3"><li><p>a</p></li></ol></li></ol>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"bulletList","content":[{"type":"listItem","content":[@a]}]},{"type":"bulletList","content":[{"type":"listItem","content":[@b]}]},{"type":"orderedList","content":[{"type":"listItem","content":[@c]}]},{"type":"orderedList","content":[{"type":"listItem","content":[@d]}]}"#,
        ),
        text: "- a\n\n- b\n\n1. c\n\n1. d",
        markdown: "- a\n\n* b\n\n1. c\n\n1) d",
        html: "<ul><li><p>a</p></li></ul><ul><li><p>b</p></li></ul><ol><li><p>c</p></li></ol><ol><li><p>d</p></li></ol>",
    },
    Case {
        of: Blocks(
            r#"{"type":"taskList","content":[{"type":"taskItem","attrs":{"state":"TODO"},"content":[{"type":"text","text":"a"}]},{"type":"taskList","content":[{"type":"taskItem","attrs":{"state":"DONE"},"content":[{"type":"text","text":"b"}]}]},{"type":"blockTaskItem","attrs":{"state":"DONE"},"content":[@c]}]}"#,
        ),
        text: "[ ] a\n    [x] b\n[x] c",
        markdown: "- [ ] a\n  - [x] b\n- [x] c",
        html: r#"<ul><li><input type="checkbox" disabled> a<ul><li><input type="checkbox" disabled checked> b</li></ul></li><li><input type="checkbox" disabled checked> c</li></ul>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"decisionList","content":[{"type":"decisionItem","attrs":{"state":"DECIDED"},"content":[{"type":"text","text":"a"}]}]}"#,
        ),
        text: "<> a",
        markdown: r"- \[decision\] a",
        html: "<ul><li>[decision] a</li></ul>",
    },
    Case {
        of: Blocks(
            r#"{"type":"codeBlock","attrs":{"language":"c++"},"content":[{"type":"text","text":"a\n```\n"},{"type":"text","text":"  <b>"}]}"#,
        ),
        text: "a\n```\n  <b>",
        markdown: "````c++\na\n```\n  <b>\n````",
        html: "<pre><code class=\"language-c++\">a\n```\n  &lt;b&gt;</code></pre>",
    },
    Case {
        of: Blocks(
            r#"{"type":"blockquote","content":[@a,{"type":"bulletList","content":[{"type":"listItem","content":[@b,@c]}]}]}"#,
        ),
        text: "> a\n>\n> - b\n>   c",
        markdown: "> a\n>\n> - b\n>\n>   c",
        html: "<blockquote><p>a</p><ul><li><p>b</p><p>c</p></li></ul></blockquote>",
    },
    Case {
        of: Blocks(r#"@a,{"type":"rule"},{"type":"bodiedRule","content":[@b]}"#),
        text: "a\n\n---\n\n---\n\nb\n\n---",
        markdown: "a\n\n---\n\n---\n\nb\n\n---",
        html: "<p>a</p><hr><hr><p>b</p><hr>",
    },
    Case {
        of: Blocks(
            r#"{"type":"panel","attrs":{"panelType":"info"},"content":[@a]},{"type":"panel","attrs":{"panelType":"success"},"content":[@a]},{"type":"panel","attrs":{"panelType":"warning"},"content":[@a]},{"type":"panel","attrs":{"panelType":"error"},"content":[@a]},{"type":"panel","attrs":{"panelType":"custom","panelIconText":"🧪"},"content":[@a,@b]}"#,
        ),
        text: "a\n\na\n\na\n\na\n\n🧪 a\n\nb",
        markdown: "> [!NOTE]\n> a\n\n> [!TIP]\n> a\n\n> [!WARNING]\n> a\n\n> [!CAUTION]\n> a\n\n> [!NOTE]\n> 🧪 a\n>\n> b",
        html: r#"<div data-panel="note"><p>a</p></div><div data-panel="tip"><p>a</p></div><div data-panel="warning"><p>a</p></div><div data-panel="error"><p>a</p></div><div data-panel="note"><p>🧪 a</p><p>b</p></div>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"expand","attrs":{"title":"More"},"content":[@a,@b]},{"type":"nestedExpand","content":[@c]}"#,
        ),
        text: "More\na\n\nb\n\nc",
        markdown: "**More**\n\na\n\nb\n\nc",
        html: "<details><summary>More</summary><p>a</p><p>b</p></details><p>c</p>",
    },
    Case {
        of: Blocks(
            r#"{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableHeader","content":[@a]},{"type":"tableHeader","content":[@b]}]},{"type":"tableRow","content":[{"type":"tableCell","content":[@c,@d]},{"type":"tableCell","content":[]}]}]}"#,
        ),
        text: "a | b\nc d | ",
        markdown: "| a | b |\n|---|---|\n| c<br>d |  |",
        html: "<table><tbody><tr><th><p>a</p></th><th><p>b</p></th></tr><tr><td><p>c</p><p>d</p></td><td></td></tr></tbody></table>",
    },
    Case {
        of: Blocks(
            r#"{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell","attrs":{"colspan":2},"content":[@a]},{"type":"tableCell","attrs":{"rowspan":2},"content":[@b]}]},{"type":"tableRow","content":[{"type":"tableCell","content":[{"type":"text","text":"x|y"}]},{"type":"tableCell","content":[{"type":"codeBlock","content":[{"type":"text","text":"p|q\nr"}]},{"type":"bulletList","content":[{"type":"listItem","content":[@c]},{"type":"listItem","content":[@d]}]}]}]}]}"#,
        ),
        text: "a | b\nx|y | p|q r - c - d",
        markdown: "|  |  |  |\n|---|---|---|\n| a |  | b |\n| x\\|y | `p\\|q`<br>`r`<br>- c<br>- d |  |",
        html: "<table><tbody><tr><td colspan=\"2\"><p>a</p></td><td rowspan=\"2\"><p>b</p></td></tr><tr><td><p>x|y</p></td><td><pre><code>p|q\nr</code></pre><ul><li><p>c</p></li><li><p>d</p></li></ul></td></tr></tbody></table>",
    },
    Case {
        of: Blocks(
            r#"{"type":"layoutSection","content":[{"type":"layoutColumn","attrs":{"width":50},"content":[@a]},{"type":"layoutColumn","content":[@b]}]}"#,
        ),
        text: "a\n\nb",
        markdown: "a\n\nb",
        html: "<p>a</p><p>b</p>",
    },
    Case {
        of: Blocks(
            r#"{"type":"mediaSingle","content":[{"type":"media","attrs":{"type":"file","id":"m1","alt":"Plan"}},{"type":"caption","content":[{"type":"text","text":"The plan"}]}]}"#,
        ),
        text: "[image: Plan]\nThe plan",
        markdown: "[Plan](media:m1)\\\nThe plan",
        html: "<p>[image: Plan]<br>The plan</p>",
    },
    Case {
        of: Blocks(
            r#"{"type":"mediaSingle","content":[{"type":"media","attrs":{"type":"external","url":"https://e.example/i.png","alt":"Plan"},"marks":[{"type":"link","attrs":{"href":"https://e.example/"}}]}]}"#,
        ),
        text: "[image: Plan] (https://e.example/i.png) (https://e.example/)",
        markdown: "[![Plan](https://e.example/i.png)](https://e.example/)",
        html: r#"<p><a href="https://e.example/"><img src="https://e.example/i.png" alt="Plan"></a></p>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"mediaGroup","content":[{"type":"media","attrs":{"type":"file","id":"m1","alt":"a.pdf"}},{"type":"media","attrs":{"type":"file","id":"m2"}},{"type":"media","attrs":{"type":"external","url":"https://e.example/i.png"}}]}"#,
        ),
        text: "[file: a.pdf]\n[file]\nhttps://e.example/i.png",
        markdown: "[a.pdf](media:m1)\\\n[file](media:m2)\\\n![](https://e.example/i.png)",
        html: r#"<p>[file: a.pdf]<br>[file]<br><img src="https://e.example/i.png" alt=""></p>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"blockCard","attrs":{"url":"https://e.example/1"}},{"type":"embedCard","attrs":{"url":"https://e.example/2","layout":"wide"}},{"type":"blockCard","attrs":{"datasource":{"id":"x","views":[{}]}}}"#,
        ),
        text: "https://e.example/1\n\nhttps://e.example/2\n\n[datasource]",
        markdown: "<https://e.example/1>\n\n<https://e.example/2>\n\n\\[datasource\\]",
        html: r#"<p><a href="https://e.example/1">https://e.example/1</a></p><p><a href="https://e.example/2">https://e.example/2</a></p><p>[datasource]</p>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"extension","attrs":{"extensionKey":"toc"}},{"type":"extension","attrs":{"extensionKey":"x","text":"shown"}},{"type":"extension","attrs":{"extensionKey":"nested-table","parameters":{"cxhtml":"<table><tr><td>A &amp; B</td><td>C</td></tr><tr><td>D</td></tr></table>"}}}"#,
        ),
        text: "[toc]\n\nshown\n\nA & B C\nD",
        markdown: "\\[toc\\]\n\nshown\n\nA & B C\\\nD",
        html: "<p>[toc]</p><p>shown</p><p>A &amp; B C<br>D</p>",
    },
    Case {
        of: Blocks(
            r#"{"type":"bodiedExtension","content":[@a]},{"type":"multiBodiedExtension","content":[{"type":"extensionFrame","content":[@b]}]},{"type":"bodiedSyncBlock","content":[@c]},{"type":"syncBlock","attrs":{"resourceId":"r"}}"#,
        ),
        text: "a\n\nb\n\nc\n\n[synced block]",
        markdown: "a\n\nb\n\nc\n\n\\[synced block\\]",
        html: "<p>a</p><p>b</p><p>c</p><p>[synced block]</p>",
    },
    Case {
        of: Blocks(
            r#"{"type":"applicationCard","attrs":{"title":{"text":"T"},"description":{"text":"D"},"link":{"url":"https://e.example/"}}}"#,
        ),
        text: "T\nD\nhttps://e.example/",
        markdown: "T\\\nD\\\n<https://e.example/>",
        html: r#"<p>T<br>D<br><a href="https://e.example/">https://e.example/</a></p>"#,
    },
    Case {
        of: Blocks(
            r#"{"type":"novelty","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"type":"novelty","text":"c"},{"type":"novelty","attrs":{"name":"d"}},{"type":"novelty"}"#,
        ),
        text: "ab\n\nc\n\nd",
        markdown: "ab\n\nc\n\nd",
        html: "<p>ab</p><p>c</p><p>d</p>",
    },
    Case {
        of: Blocks(
            r#"{"type":"bulletList","content":[@a,{"type":"text","text":"b"}]},{"type":"tableCell","content":[@c]},{"type":"tableRow","content":[{"type":"tableCell","content":[@d]}]}"#,
        ),
        text: "- a\n- b\n\nc\n\nd",
        markdown: "- a\n- b\n\nc\n\n|  |\n|---|\n| d |",
        html: "<ul><li><p>a</p></li><li><p>b</p></li></ul><p>c</p><table><tbody><tr><td><p>d</p></td></tr></tbody></table>",
    },
];

/// The document of a case.
fn document(of: &Of) -> String {
    let paragraph = |content: &str| format!(r#"{{"type":"paragraph","content":[{content}]}}"#);
    let content = match of {
        Line(content) => paragraph(content),
        Blocks(content) => {
            let mut content = (*content).to_owned();
            for name in ["a", "b", "c", "d"] {
                let text = format!(r#"{{"type":"text","text":"{name}"}}"#);
                content = content.replace(&format!("@{name}"), &paragraph(&text));
            }
            content
        }
    };
    format!(r#"{{"version":1,"type":"doc","content":[{content}]}}"#)
}

#[test]
fn every_node_and_mark_is_rendered_exactly() {
    for case in CASES {
        let json = document(&case.of);
        let value: Result<serde_json::Value, _> = serde_json::from_str(&json);
        assert!(value.is_ok(), "{json}");
        assert_eq!(render(&json, Format::Text), case.text, "{json}");
        assert_eq!(render(&json, Format::Markdown), case.markdown, "{json}");
        assert_eq!(render(&json, Format::Html), case.html, "{json}");
    }
}
