//! Queries of real life are read, and what is wrong is told as a person needs it.

use proptest::prelude::*;

use super::*;
use crate::config::{JiraCatalog, JiraField};
use crate::expression::Problem;

fn problems(text: &str) -> Vec<Problem> {
    match parse(Text::new(text)) {
        Ok(query) => advise(&query, Text::new(text), None),
        Err(problems) => problems,
    }
}

fn told(text: &str, problem: &Problem) -> String {
    let (range, label) = &problem.labels[0];
    assert!(!label.is_empty());
    format!(
        "{}: {} | {} | {}",
        problem.code.as_str(),
        problem.message,
        text.get(range.clone()).unwrap(),
        problem.help.as_deref().unwrap_or_default()
    )
}

/// One mistake gives one problem.
#[track_caller]
fn mistake(text: &str, expected: &str) {
    let all: Vec<String> = problems(text)
        .iter()
        .map(|problem| told(text, problem))
        .collect();
    assert_eq!(all, [expected], "{text}");
}

#[test]
fn what_other_languages_write_is_shown_as_jql() {
    for (text, expected) in [
        (
            "a === b",
            "jql.unknown_operator: `===` is no operator of JQL | === | write `=`",
        ),
        (
            "a <> b",
            "jql.unknown_operator: `<>` is no operator of JQL | <> | write `!=`",
        ),
        (
            "a => 3",
            "jql.unknown_operator: `=>` is no operator of JQL | => | write `>=`",
        ),
        (
            "a =< 3",
            "jql.unknown_operator: `=<` is no operator of JQL | =< | write `<=`",
        ),
        (
            "a =~ b",
            "jql.unknown_operator: `=~` is no operator of JQL | =~ | write `~`",
        ),
        (
            "a ! = b",
            "jql.unknown_operator: `! =` is no operator of JQL | ! = | write `!=`",
        ),
        (
            "a ≠ b",
            "jql.unknown_operator: `≠` is no operator of JQL | ≠ | write `!=`",
        ),
        (
            "a equals b",
            "jql.unknown_operator: `equals` is no operator of JQL | equals | write `=`",
        ),
        (
            "a notin (b)",
            "jql.unknown_operator: `notin` is no operator of JQL | notin | write `not in (…)`",
        ),
        (
            "a is not b c",
            "jql.emptiness_expected: `is not` asks only whether a field is empty | b c | write `!= \"b c\"`",
        ),
        (
            "a is in (b, c)",
            "jql.two_operators: `is in` are two operators | is in | write `in`",
        ),
        (
            "a isnot empty",
            "jql.unknown_operator: `isnot` is no operator of JQL | isnot | write `is not EMPTY`",
        ),
        (
            "a nto in (b)",
            "jql.unknown_operator: `nto` is no operator of JQL | nto | did you mean `not`?",
        ),
        (
            "a not = b",
            "jql.misplaced_not: `not =` is no operator | not = | write `!=`",
        ),
        (
            "a not like b",
            "jql.misplaced_not: `not like` is no operator | not like | write `!~`",
        ),
        (
            "a was in b",
            "jql.list_expected: `WAS IN` takes a list | b | write `WAS IN (b)`",
        ),
        (
            "a in b, c",
            "jql.list_expected: `in` takes a list | b, c | write `in (b, c)`",
        ),
        (
            "a in (b, c",
            "jql.unclosed_parenthesis: the parenthesis is not closed | ( | close it: `(b, c)`",
        ),
        (
            "a in (b c)",
            "jql.unquoted_value: a value of several words stands in quotes | b c | write `\"b c\"` for one value, `b, c` for several",
        ),
        (
            "a in (b, \"c\" \"d\")",
            "jql.list_comma: the values of a list stand apart by commas | \"d\" | write `, \"d\"`",
        ),
        (
            "a = b order created",
            "jql.order_by: a query has no `ORDER BY` here | order created | remove it: issues are read in the order of their last change",
        ),
        (
            "a = b limit 10",
            "jql.order_by: a query has no `ORDER BY` here | limit 10 | remove it: issues are read in the order of their last change",
        ),
        (
            "a = b;",
            "jql.reserved_character: `;` cannot stand outside quotes | ; | leave it out",
        ),
        (
            "# note",
            "jql.reserved_character: `#` cannot stand outside quotes | # | JQL has no comments: write it behind `#` in YAML",
        ),
        (
            "a = 'b",
            "jql.unclosed_quote: the text is not closed | ' | close it: `'b'`",
        ),
        (
            "and a = b",
            "jql.dangling_connective: nothing stands before `and` | and | leave it out, or write a comparison before it",
        ),
        (
            "(and a = b)",
            "jql.dangling_connective: nothing stands before `and` | and | leave it out, or write a comparison before it",
        ),
        (
            "(a = b or)",
            "jql.dangling_connective: nothing stands behind `or` | or | write a comparison behind it, e.g. `project = SUPPORT`, or leave it out",
        ),
        (
            "not",
            "jql.dangling_connective: nothing stands behind `not` | not | write a comparison behind it, e.g. `project = SUPPORT`, or leave it out",
        ),
        (
            "a = b, c = d",
            "jql.connective_expected: a comma joins nothing outside a list | , | join comparisons by `AND` or `OR`; several values are `in (A, B)`",
        ),
        (
            "a = b]",
            "jql.unopened_parenthesis: this closes nothing | ] | leave it out, or open it before",
        ),
        (
            "a = [b]",
            "jql.brackets: a value does not stand in brackets | [b] | write `b`, in quotes where it has blanks",
        ),
        (
            "a = fn(b",
            "jql.unclosed_parenthesis: the parenthesis is not closed | ( | close it: `(b)`",
        ),
        (
            "a = fn(b,)",
            "jql.list_comma: no value stands behind the comma | , | leave the comma out, or write a value behind it",
        ),
        (
            "a = fn(b c)",
            "jql.unquoted_value: a value of several words stands in quotes | b c | write `\"b c\"`",
        ),
        (
            "a = empty()",
            "jql.connective_expected: `(` is joined with nothing before it | ( | join comparisons: `AND ( …`",
        ),
        (
            "a = b (c = d)",
            "jql.connective_expected: `(` is joined with nothing before it | ( | join comparisons: `AND ( …`",
        ),
        (
            "[10016] > 3",
            "jql.custom_field: a custom field is named by the number of its id | [ | write e.g. `cf[10016]`, or its name in quotes: `\"Story Points\"`",
        ),
        (
            "cf > 3",
            "jql.custom_field: a custom field is named by the number of its id | cf | write e.g. `cf[10016]`, or its name in quotes: `\"Story Points\"`",
        ),
        (
            "a changed after",
            "jql.history_predicate: nothing stands behind `after` | after | write e.g. `after -7d`",
        ),
        (
            "a chnged",
            "jql.unknown_operator: `chnged` is no operator of JQL | chnged | did you mean `changed`?",
        ),
        (
            "Next step = b",
            "jql.unquoted_field: a field of several words stands in quotes | Next step | write `\"Next step\"`",
        ),
        (
            "a = b Due date < now()",
            "jql.unquoted_value: a value of several words stands in quotes | b Due date | write `\"b Due date\"`",
        ),
        (
            "project = \"A\" \"B\"",
            "jql.connective_expected: `\"B\"` is joined with nothing before it | \"B\" | join comparisons: `AND \"B\" …`",
        ),
        (
            "x = \"a\"b",
            "jql.connective_expected: `b` is joined with nothing before it | b | join comparisons: `AND b …`",
        ),
        (
            "a = ) b",
            "jql.value_expected: nothing stands behind `=` | = | write e.g. `= Done`; to ask for what is empty: `is EMPTY`",
        ),
    ] {
        mistake(text, expected);
    }
}

/// Every form that JQL has, as people write it.
const VALID: &[&str] = &[
    "project = SUPPORT",
    "project=SUPPORT",
    "project = 'SUPPORT'",
    "project = \"My Project\"",
    "project = 10001",
    "project in (SUPPORT, PRODUCT) AND issuetype in (Bug, Story, Task, \"Support Request\")",
    "project = SUPPORT AND updated >= -24h",
    "project = A & status = B && type = Bug | key = A-1 || key = A-2",
    "NOT project = A",
    "! project = A",
    "!(project = A)",
    "not not project = A",
    "not(project = A or project = B)AND(status = Open)",
    "(((project = A)))",
    "PROJECT = a aNd StAtUs Is NoT eMpTy",
    "assignee = currentUser() AND resolution = Unresolved",
    "assignee in membersOf(\"jira-users\")",
    "assignee not in (currentUser(), \"ann@acme.example\", EMPTY)",
    "assignee is EMPTY OR assignee = null OR reporter != empty",
    "assignee = \"currentUser\"()",
    "\"Epic Link\" is EMPTY",
    "\"Customer Tier[Dropdown]\" = Gold",
    "cf[10016] > 3",
    "cf [ 10016 ] is not null",
    "'Story Points' >= 5.5",
    "-67890 = value AND 12345 = value",
    "issue in (A-1, A-2)",
    "issueKey > SUP-10 AND id != 10001",
    "parent = SUP-7 OR parentEpic in (SUP-1)",
    "status = \"In Progress\"",
    "status WAS \"In Progress\"",
    "status WAS NOT IN (Open, \"In Progress\") BEFORE -1w",
    "status WAS Done BY currentUser() DURING (\"2026-01-01\", \"2026-02-01\")",
    "status was \"In Progress\" on \"2026/11/01\" by ann",
    "assignee WAS EMPTY AFTER startOfWeek()",
    "status CHANGED",
    "status CHANGED FROM \"To Do\" TO Done AFTER startOfMonth(-1) BEFORE now()",
    "priority changed to Highest by (ann, currentUser())",
    "created >= 2026-01-01",
    "created >= \"2026-01-01 10:15\" and created < '2026/02/01'",
    "updated >= 1732877091000",
    "updated >= \"-1w 2d\"",
    "due <= 3d OR duedate < endOfMonth(\"+15d\")",
    "resolutiondate >= startOfDay(-1) AND resolved <= endOfWeek()",
    "created > startOfYear() and created<endOfYear(-1y)",
    "text ~ login",
    "text ~ \"\\\"exact phrase\\\"\"",
    "summary ~ \"log*\" AND description !~ 'out?'",
    "summary ~ empty",
    "comment ~ \"it's here\"",
    "labels in (a, b-c, d_e, f.g, h:i)",
    "labels = 日本 OR labels = \"Ünïcode\"",
    "summary ~ \"\\u00e9t\\u00E9 \\\\ \\t \\' \\\"\"",
    "issue\\ type = Bug",
    "fixVersion in unreleasedVersions(SUPPORT) OR fixVersion = 1.2.3",
    "affectedVersion ~ \"1.*\"",
    "sprint in openSprints() AND sprint not in futureSprints()",
    "issue in linkedIssues(SUP-1, \"is blocked by\")",
    "issueFunction in subtasksOf(\"project = A\")",
    "issue.property[flag].colour = red",
    "development[pullrequests].open > 0",
    "filter = 10200 OR filter = \"My Filter\"",
    "\"Request Type\" = \"Get IT help\" AND \"Time to resolution\" = breached()",
    "component is EMPTY\n  AND\tproject = A\r\n",
    "project in (A, (B, C))",
    "votes > 3 AND watchers >= 2 AND workRatio > 75",
    "level is EMPTY AND category = \"Customer Facing\"",
    "statusCategory != Done AND statusCategory in (\"To Do\", indeterminate)",
    "priority >= High AND priority not in (Low)",
    "worklogAuthor = currentUser() AND worklogDate >= startOfWeek(-1)",
    "reporter = 557058:f58131cb-b67d-43c7-b30d-6b58d40bd077",
    "summary ~ \"multi\nline\"",
];

#[test]
fn queries_of_real_life_are_read_without_complaint() {
    for text in VALID {
        let found: Vec<String> = problems(text)
            .iter()
            .map(|problem| told(text, problem))
            .collect();
        assert_eq!(found, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn every_part_knows_its_bytes() {
    let text = "é = 1 OR \"Ä b\" WAS IN (x, fn(\"y\")) BEFORE -1w";
    let query = parse(Text::new(text)).unwrap();
    let of = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap();
    let terms = query.clause.terms();
    let term = terms[1];
    assert_eq!(of(&term.range), "\"Ä b\" WAS IN (x, fn(\"y\")) BEFORE -1w");
    assert_eq!(of(&term.field.range), "\"Ä b\"");
    assert_eq!(term.field.name, "Ä b");
    assert_eq!(of(&term.operator.range), "WAS IN");
    let operand = term.operand.as_ref().unwrap();
    assert_eq!(of(&operand.range), "(x, fn(\"y\"))");
    let each: Vec<&str> = operand.each().iter().map(|one| of(&one.range)).collect();
    assert_eq!(each, ["x", "fn(\"y\")"]);
    assert_eq!(of(&term.predicates[0].word.range), "BEFORE");
    assert_eq!(of(&term.predicates[0].operand.range), "-1w");
}

#[test]
fn and_binds_closer_than_or() {
    let query = parse(Text::new("a = 1 OR b = 2 AND NOT c = 3 OR d = 4")).unwrap();
    let Clause::Or(clauses) = &query.clause else {
        panic!("{query:?}");
    };
    assert_eq!(clauses.len(), 3);
    let Clause::And(inner) = &clauses[1] else {
        panic!("{query:?}");
    };
    assert!(matches!(inner[1], Clause::Not(_)));
}

#[test]
fn escapes_are_undone() {
    let query = parse(Text::new(r#"a = "\u00e9\"\\\t" AND b\ c = \ud83d\ude00"#)).unwrap();
    let terms = query.clause.terms();
    let value = |index: usize| match &terms[index].operand.as_ref().unwrap().kind {
        OperandKind::Value { text, .. } => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value(0), "é\"\\\t");
    assert_eq!(terms[1].field.name, "b c");
    assert_eq!(value(1), "😀");
}

#[test]
fn several_mistakes_are_told_at_once() {
    let text = "status == Open AND (project in A OR labels = ) AND x ~ \"y";
    let codes: Vec<&str> = problems(text)
        .iter()
        .map(|problem| problem.code.as_str())
        .collect();
    assert_eq!(
        codes,
        [
            "jql.unknown_operator",
            "jql.list_expected",
            "jql.value_expected",
            "jql.unclosed_quote"
        ]
    );
}

#[test]
fn depth_is_bounded() {
    for text in [
        format!("{}a = b{}", "(".repeat(10_000), ")".repeat(10_000)),
        "(".repeat(10_000),
        "not ".repeat(10_000),
        "!".repeat(10_000),
        format!("a in {}b{}", "(".repeat(10_000), ")".repeat(10_000)),
    ] {
        let codes: Vec<&str> = problems(&text)
            .iter()
            .map(|problem| problem.code.as_str())
            .collect();
        assert_eq!(codes, ["jql.too_deep"]);
    }
    let fine = format!("{}a = b{}", "(".repeat(90), ")".repeat(90));
    assert_eq!(problems(&fine), []);
    let wide = vec!["a = b"; 10_000].join(" OR ");
    assert_eq!(problems(&wide), []);
}

#[test]
fn hostile_texts_are_read_in_time_that_grows_with_them() {
    let began = std::time::Instant::now();
    for part in [
        "a ",
        "a=b ",
        "a=b or ",
        "( ",
        "{ ",
        "\"a\" ",
        "' ",
        "“a ",
        "a in (b c) or ",
        "a in [b ",
        ", ",
        "! ",
        "a = b, ",
        "not in ",
        "\\u0041",
        "a in (b,",
        "(a=b and ",
        "a changed by ",
        "a = f(b,",
    ] {
        let text = part.repeat(100_000 / part.len());
        assert!(problems(&text).len() <= 102, "{part}");
        let text = format!("x in ({text})");
        assert!(problems(&text).len() <= 102, "{part}");
    }
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn a_catalog_tells_what_the_site_has() {
    let mut catalog = JiraCatalog::default();
    for (id, name) in [
        ("customfield_10016", "Story Points"),
        ("customfield_10020", "Tier"),
    ] {
        let field = JiraField {
            name: name.to_owned(),
            schema: serde_json::Value::Null,
        };
        catalog.fields.insert(id.to_owned(), field);
    }
    catalog
        .projects
        .insert("SUPPORT".to_owned(), "Customer Support".to_owned());
    catalog.statuses.push("In Progress".to_owned());
    let advice = |text: &str| -> Vec<String> {
        let query = parse(Text::new(text)).unwrap();
        advise(&query, Text::new(text), Some(&catalog))
            .iter()
            .map(|problem| told(text, problem))
            .collect()
    };
    let fine = "\"story points\" > 1 AND cf[10016] > 1 AND \"Tier[Dropdown]\" = x AND project in (support, \"Customer Support\", 10001) AND status = \"in progress\"";
    assert_eq!(advice(fine), Vec::<String>::new());
    assert_eq!(
        advice("\"Story Point\" > 1"),
        [
            "jql.unknown_field: `\"Story Point\"` is no field that is known here | \"Story Point\" | did you mean `\"Story Points\"`?"
        ]
    );
    assert_eq!(
        advice("project = SUPORT"),
        ["jql.unknown_value: the site has no project `SUPORT` | SUPORT | did you mean `SUPPORT`?"]
    );
    assert_eq!(
        advice("cf[1] = 2"),
        [
            "jql.unknown_field: `cf[1]` is no field that is known here | cf[1] | see `flowline fields`; after a change in Jira: `flowline fields --save`"
        ]
    );
}

#[test]
fn what_is_refused_live_is_refused_under_itself() {
    let refused = |text: &str| -> Vec<String> {
        let query = parse(Text::new(text)).unwrap();
        Filter::compile(&query, Text::new(text))
            .err()
            .unwrap_or_default()
            .iter()
            .map(|problem| {
                assert_eq!(problem.code.as_str(), "jql.not_evaluated");
                text.get(problem.labels[0].0.clone()).unwrap().to_owned()
            })
            .collect()
    };
    assert_eq!(
        refused("status WAS Done OR status CHANGED OR sprint in openSprints() OR a = b"),
        ["WAS", "CHANGED", "openSprints()"]
    );
    assert_eq!(
        refused(
            "filter = 1 OR priority > High OR summary ~ \"a~\" OR summary = x OR created > soon"
        ),
        ["filter", ">", "\"a~\"", "=", "soon"]
    );
    for text in [
        "project in (A) AND assignee = currentUser() AND created >= startOfDay(-1)",
        "cf[10016] > 3 AND \"Team\" is EMPTY AND text ~ \"a b*\" AND due < now()",
    ] {
        assert_eq!(refused(text), Vec::<String>::new(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\PC\\n\\t]{0,60}") {
        sound(&text);
    }

    #[test]
    fn no_text_of_its_own_parts_makes_it_panic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "=", "!=", "in", "not", "is", "was", "changed", "(", ")", "[", "]", ",", "\"",
                "'", "and", "or", "&&", "|", "!", "~", "empty", "order", "by", "cf", "-7d", "\\",
                "\\u00", "fn(", "“", "$", "after", "\u{a0}", "é", "{{", "<", ">", "like", "5", ".",
            ]),
            0..25,
        ),
        blanks in any::<bool>(),
    ) {
        sound(&parts.join(if blanks { " " } else { "" }));
    }
}

/// Whatever the text, its problems are under characters of it, and what parses also compiles or is
/// refused.
fn sound(text: &str) {
    for problem in problems(text) {
        for (range, _) in &problem.labels {
            assert!(text.get(range.clone()).is_some(), "{problem:?}");
        }
    }
    if let Ok(query) = parse(Text::new(text)) {
        assert!(
            Filter::compile(&query, Text::new(text)).map_or_else(|all| !all.is_empty(), |_| true)
        );
    }
}
