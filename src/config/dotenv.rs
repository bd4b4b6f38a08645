//! `.env` files: `NAME=VALUE` lines.

use super::strings::is_name;

/// The names and values of a `.env` text, and the lines (from 1) that are none.
///
/// `#` starts a comment line; a value may stand in single or double quotes, literal but for `\"`
/// and `\\` in double ones.
#[must_use]
pub fn parse_dotenv(text: &str) -> (Vec<(String, String)>, Vec<usize>) {
    let mut names = Vec::new();
    let mut wrong = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parsed = line.split_once('=').and_then(|(name, value)| {
            let name = name.trim();
            let name = name.strip_prefix("export ").map_or(name, str::trim);
            is_name(name).then(|| (name.to_owned(), value.trim()))
        });
        match parsed.and_then(|(name, value)| Some((name, unquote(value)?))) {
            Some(pair) => names.push(pair),
            None => wrong.push(index + 1),
        }
    }
    (names, wrong)
}

fn unquote(value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('\'') {
        return rest
            .strip_suffix('\'')
            .filter(|inside| !inside.contains('\''))
            .map(str::to_owned);
    }
    let Some(rest) = value.strip_prefix('"') else {
        return Some(value.to_owned());
    };
    let mut out = String::new();
    let mut characters = rest.chars();
    while let Some(one) = characters.next() {
        match one {
            '"' => return characters.as_str().is_empty().then_some(out),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\') => out.push(escaped),
                other => {
                    out.push('\\');
                    out.push(other);
                }
            },
            other => out.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quotes_and_comments_and_tells_what_is_none() {
        let text = "# c\nA=1\nB='x # y'\nC=\"a\\\"b\\\\\\n\"\nD = spaced \nwrong\nE=\"open\n";
        let (names, wrong) = parse_dotenv(text);
        let value = |name: &str| {
            names
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(value("A"), Some("1"));
        assert_eq!(value("B"), Some("x # y"));
        assert_eq!(value("C"), Some("a\"b\\\\n"));
        assert_eq!(value("D"), Some("spaced"));
        assert_eq!(wrong, vec![6, 7]);
    }
}
