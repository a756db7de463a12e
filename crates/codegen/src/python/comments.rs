//! Comments of a file by the path of what they stand at, as docstrings need them.

use std::collections::HashMap;

use russet_descriptor::proto::{FileDescriptorProto, Location};

/// The locations of a file that have comments.
pub(super) struct Comments<'s> {
    by_path: HashMap<&'s [i32], &'s Location>,
}

impl<'s> Comments<'s> {
    pub(super) fn new(file: &'s FileDescriptorProto) -> Self {
        let mut by_path = HashMap::new();
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        for location in locations {
            let has_comment = location.leading_comments.is_some()
                || location.trailing_comments.is_some()
                || !location.leading_detached_comments.is_empty();
            if has_comment {
                by_path.entry(&location.path.0[..]).or_insert(location);
            }
        }
        Self { by_path }
    }

    /// All comments of an element, detached ones too, line by line and without the blanks that lines begin with: as gRPC's plugin takes them.
    pub(super) fn all(&self, path: &[i32]) -> Vec<String> {
        let Some(location) = self.by_path.get(path) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for detached in &location.leading_detached_comments {
            lines.extend(detached.lines());
            lines.push("");
        }
        for comment in [&location.leading_comments, &location.trailing_comments] {
            lines.extend(comment.iter().flat_map(|text| text.lines()));
        }
        lines
            .into_iter()
            .map(|line| line.trim_start_matches(' ').to_owned())
            .collect()
    }

    /// What is said about an element, before it or else behind it, ready to stand between triple quotes; `None` where nothing is said. One blank before each line is the comment's, more are its layout.
    pub(super) fn docstring(&self, path: &[i32]) -> Option<String> {
        let location = self.by_path.get(path)?;
        let comment = location
            .leading_comments
            .as_ref()
            .or(location.trailing_comments.as_ref())?;
        let lines: Vec<String> = comment
            .lines()
            .map(|line| docstring_text(line.strip_prefix(' ').unwrap_or(line).trim_end()))
            .collect();
        let text = lines.join("\n");
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        Some(if text.contains('\n') {
            format!("\"\"\"{text}\n\"\"\"")
        } else if text.ends_with('"') {
            // A quote at the end would meet the closing ones.
            format!("\"\"\"{text} \"\"\"")
        } else {
            format!("\"\"\"{text}\"\"\"")
        })
    }
}

/// A line of a comment as it can stand in a docstring.
pub(super) fn docstring_text(line: &str) -> String {
    line.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"")
}
