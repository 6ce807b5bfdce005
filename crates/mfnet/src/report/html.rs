//! A page of headings, paragraphs, tables and plots. Every text is escaped here, and nowhere else.

use std::fmt::Write;

/// Alignment of a column: text to the left, numbers to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Text,
    Number,
}

/// The page so far.
pub(super) struct Page {
    html: String,
}

/// The page up to its first heading. It forbids scripts and loading anything. It has an empty icon,
/// because browsers would ask for one otherwise.
const HEAD: &str = include_str!("head.html");

impl Page {
    pub(super) fn new(title: &str) -> Self {
        Page { html: HEAD.replace("{title}", &escaped(title)) }
    }

    pub(super) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.html, "<h2>{}</h2>", escaped(text));
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.html, "<p>{}</p>", prose(text));
    }

    /// The most important sentence.
    pub(super) fn verdict(&mut self, text: &str) {
        let _ = writeln!(self.html, "<p class=\"verdict\">{}</p>", prose(text));
    }

    /// A remark in small letters.
    pub(super) fn remark(&mut self, text: &str) {
        let _ = writeln!(self.html, "<p class=\"quiet\">{}</p>", prose(text));
    }

    /// Lines with their line breaks and spaces.
    pub(super) fn lines(&mut self, text: &str) {
        let _ = writeln!(self.html, "<pre>{}</pre>", options(&escaped(text)));
    }

    /// Lines that are shown when the reader asks for them.
    pub(super) fn folded(&mut self, title: &str, text: &str) {
        let _ = writeln!(
            self.html,
            "<details>\n<summary>{}</summary>\n<pre>{}</pre>\n</details>",
            escaped(title),
            options(&escaped(text))
        );
    }

    /// A plot as SVG, with its caption.
    pub(super) fn figure(&mut self, svg: &str, caption: &str) {
        let caption = prose(caption);
        let _ = writeln!(
            self.html,
            "<figure>\n<div class=\"wide\">\n{svg}</div>\n<figcaption>{caption}</figcaption>\n</figure>"
        );
    }

    pub(super) fn table(&mut self, columns: &[(&str, Column)], rows: impl IntoIterator<Item = Vec<String>>) {
        let class = |column: &Column| if *column == Column::Number { " class=\"number\"" } else { "" };
        self.html.push_str("<div class=\"wide\"><table>\n<thead><tr>");
        for (name, column) in columns {
            let _ = write!(self.html, "<th scope=\"col\"{}>{}</th>", class(column), escaped(name));
        }
        self.html.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            let cell = |(cell, (_, column)): (&String, &(&str, Column))| {
                format!("<td{}>{}</td>", class(column), escaped(cell))
            };
            let cells: String = row.iter().zip(columns).map(cell).collect();
            let _ = writeln!(self.html, "<tr>{cells}</tr>");
        }
        self.html.push_str("</tbody>\n</table></div>\n");
    }

    pub(super) fn finish(mut self) -> String {
        self.html.push_str("</body>\n</html>\n");
        self.html
    }
}

/// A sentence, escaped.
fn prose(text: &str) -> String {
    options(&escaped(&unbroken(text)))
}

/// Escaped text whose options, such as --class-weight, do not break at their hyphens.
fn options(text: &str) -> String {
    let word = |word: &str| match word.starts_with("--") {
        true => format!("<span>{}</span>{}", word.trim_end(), &word[word.trim_end().len()..]),
        false => word.to_owned(),
    };
    text.split_inclusive([' ', '\n']).map(word).collect()
}

/// Text whose numbers stay on one line: spaces between digits and before % do not break.
fn unbroken(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let is_digit = |i: usize| characters.get(i).is_some_and(char::is_ascii_digit);
    let breaks = |i: usize| characters[i] != ' ' || i == 0 || !is_digit(i - 1);
    let joins = |i: usize| !breaks(i) && (is_digit(i + 1) || characters.get(i + 1) == Some(&'%'));
    (0..characters.len()).map(|i| if joins(i) { '\u{a0}' } else { characters[i] }).collect()
}

/// Escapes text for use between tags and in a quoted attribute. The replacement character replaces
/// characters that HTML forbids.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            _ if is_unprintable(character) => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A name for a plot, cut to this number of characters, on one line.
pub(super) fn shortened(name: &str, most: usize) -> String {
    let printable = |character: char| if is_unprintable(character) { '\u{fffd}' } else { character };
    let name = name.chars().map(printable);
    if name.clone().count() <= most { name.collect() } else { name.take(most - 1).chain(['…']).collect() }
}

/// Names for a plot, each cut to this number of characters. Where the first characters of several
/// long names are the same, their common beginning is cut, so that the names stay different.
pub(super) fn apart(names: &[String], most: usize) -> Vec<String> {
    let mut cut: Vec<String> = names.iter().map(|name| shortened(name, most)).collect();
    let twins = |i: usize| (0..names.len()).filter(move |j| names[*j] != names[i]);
    let of = |i: usize| -> Option<String> {
        let same = twins(i).filter(|j| cut[*j] == cut[i]);
        let common = |j: usize| names[i].chars().zip(names[j].chars()).take_while(|(a, b)| a == b).count();
        let common = same.map(common).min()?;
        let end: String = names[i].chars().skip(common.saturating_sub(most / 3)).collect();
        Some(shortened(&format!("…{end}"), most))
    };
    let different: Vec<Option<String>> = (0..names.len()).map(of).collect();
    for (cut, different) in cut.iter_mut().zip(different) {
        if let Some(different) = different {
            *cut = different;
        }
    }
    cut
}

/// Whether a character is a control character, changes the direction of text, or is forbidden in
/// XML.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_file_becomes_markup() {
        let mut page = Page::new("<script>alert(1)</script>");
        let odd = "</td><img src=x onerror=alert('1')>\"&\0\u{202e}";
        page.paragraph(odd);
        page.table(&[(odd, Column::Text)], [vec![odd.to_owned()]]);
        page.figure("<svg></svg>\n", odd);
        let html = page.finish();
        let safe = "&lt;/td&gt;&lt;img src=x onerror=alert(&#39;1&#39;)&gt;&quot;&amp;\u{fffd}\u{fffd}";
        assert_eq!(html.matches(safe).count(), 4, "{html}");
        assert!(html.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>"));
        assert!(!html.contains("<script") && !html.contains("<img"));
    }

    #[test]
    fn long_names_stay_different() {
        let of = |names: &[&str], most| apart(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), most);
        assert_eq!(of(&["temperature_1_mean", "temperature_2_mean", "age"], 9), ["…re_1_me…", "…re_2_me…", "age"]);
        assert_eq!(of(&["temperature", "pressure_of_air"], 8), ["tempera…", "pressur…"]);
        assert_eq!(of(&["short", "short"], 3), ["sh…", "sh…"]);
        assert_eq!(of(&[], 3), [""; 0]);
    }

    #[test]
    fn options_stay_on_one_line() {
        assert_eq!(prose("use --class-weight balanced"), "use <span>--class-weight</span> balanced");
        assert_eq!(prose("--a<b> -- c"), "<span>--a&lt;b&gt;</span> <span>--</span> c");
        assert_eq!(prose("a - b, c--d"), "a - b, c--d");
        // line breaks stay outside, where they count
        assert_eq!(options("x --force\n\n--all\ny"), "x <span>--force</span>\n\n<span>--all</span>\ny");
    }

    #[test]
    fn numbers_stay_on_one_line() {
        assert_eq!(unbroken("7 of 1 234 567 rows, 97.5 % of 9"), "7 of 1\u{a0}234\u{a0}567 rows, 97.5\u{a0}% of 9");
        assert_eq!(unbroken(" 1 a 2 "), " 1 a 2 ");
    }

    #[test]
    fn long_names_in_plots() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("äbcd", 3), "äb…");
        assert_eq!(shortened("a\nb\0", 9), "a\u{fffd}b\u{fffd}");
    }
}
