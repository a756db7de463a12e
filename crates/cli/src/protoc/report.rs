//! Prints what is wrong: the line that tools read, then the source line and a caret for people.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::IsTerminal;

use russet_compiler::{Diagnostic, Position, Severity, SourceTree, TAB_WIDTH};

use super::args::{Arguments, ErrorFormat};
use crate::complain;

/// The longest source line that is shown whole, in characters.
const MAX_LINE: usize = 200;

/// People get more than the lines only where they look on: a program that reads the output gets protoc's.
pub(super) fn print(arguments: &Arguments, sources: &SourceTree, diagnostics: &[Diagnostic]) {
    let for_people = std::io::stderr().is_terminal();
    let mut texts = Texts::default();
    let mut out = String::new();
    for diagnostic in diagnostics {
        if for_people && diagnostic.is_consequence {
            continue;
        }
        match arguments.error_format {
            ErrorFormat::Gcc => {
                let shown = Diagnostic {
                    file: shown_name(sources, &diagnostic.file),
                    ..diagnostic.clone()
                };
                let _ = writeln!(out, "{shown}");
            }
            ErrorFormat::Msvs => msvs(sources, diagnostic, &mut out),
        }
        if for_people {
            explain(sources, diagnostic, &mut texts, &mut out);
        }
    }
    complain(&out);
}

/// The file on disk, so that editors find it, where there is one.
fn shown_name(sources: &SourceTree, name: &str) -> String {
    let path = sources.disk_file(name);
    path.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

/// Source files by name, as far as they can be read.
type Texts = HashMap<String, Option<String>>;

/// The source line, the hint, and the other places to look at.
fn explain(sources: &SourceTree, diagnostic: &Diagnostic, texts: &mut Texts, out: &mut String) {
    let mut show = |file: &str, position: Option<Position>, out: &mut String| {
        let Some(position) = position else {
            return;
        };
        let text = texts.entry(file.to_owned()).or_insert_with(|| {
            let bytes = sources.read(file).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        });
        if let Some(text) = text {
            excerpt(text, position, out);
        }
    };
    show(&diagnostic.file, diagnostic.position, out);
    if let Some(hint) = &diagnostic.hint {
        let _ = writeln!(out, "    hint: {hint}");
    }
    for note in &diagnostic.notes {
        let _ = write!(out, "    note: {}", shown_name(sources, &note.file));
        if let Some(position) = note.position {
            let _ = write!(out, ":{}:{}", position.line + 1, position.column + 1);
        }
        let _ = writeln!(out, ": {}", note.message);
        show(&note.file, note.position, out);
    }
}

fn msvs(sources: &SourceTree, diagnostic: &Diagnostic, out: &mut String) {
    let kind = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let file = shown_name(sources, &diagnostic.file);
    let _ = match diagnostic.position {
        Some(position) => writeln!(
            out,
            "{file}({}) : {kind} in column={}: {}",
            position.line + 1,
            position.column + 1,
            diagnostic.message
        ),
        None => writeln!(out, "{file}: {kind}: {}", diagnostic.message),
    };
}

/// The line, and a caret under the column.
fn excerpt(text: &str, position: Position, out: &mut String) {
    let Some(line) = text.split('\n').nth(position.line as usize) else {
        return;
    };
    let mut shown = String::new();
    let mut caret = None;
    let mut column = 0;
    for character in line.trim_end_matches('\r').chars() {
        if column >= position.column && caret.is_none() {
            caret = Some(shown.chars().count());
        }
        if character == '\t' {
            let width = TAB_WIDTH - column % TAB_WIDTH;
            (0..width).for_each(|_| shown.push(' '));
            column += width;
        } else {
            shown.push(if character.is_control() {
                '\u{fffd}'
            } else {
                character
            });
            column += u32::try_from(character.len_utf8()).unwrap_or(1);
        }
    }
    if shown.chars().count() > MAX_LINE {
        return;
    }
    let caret = caret.unwrap_or_else(|| shown.chars().count());
    let _ = writeln!(out, "    {shown}\n    {:caret$}^", "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_column() {
        let at = |line, column| Position { line, column };
        for (text, position, shown) in [
            ("one\ntwo x;\n", at(1, 4), "    two x;\n        ^\n"),
            ("\tx;", at(0, 8), "            x;\n            ^\n"),
            ("é x", at(0, 3), "    é x\n      ^\n"),
            ("end", at(0, 3), "    end\n       ^\n"),
            ("a", at(7, 0), ""),
        ] {
            let mut out = String::new();
            excerpt(text, position, &mut out);
            assert_eq!(out, shown, "{text}");
        }
    }
}
