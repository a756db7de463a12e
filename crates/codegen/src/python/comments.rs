//! Comments of a file by the path of what they stand at, as docstrings need them.

use std::collections::HashMap;

use russet_descriptor::proto::{self, FileDescriptorProto, SourceCodeInfo};

/// The comments of a file.
pub(super) struct Comments<'s> {
    by_path: HashMap<&'s [i32], &'s proto::Comments>,
}

impl<'s> Comments<'s> {
    pub(super) fn new(file: &'s FileDescriptorProto) -> Self {
        let info = file.source_code_info.iter();
        let mut by_path = HashMap::new();
        for location in info.flat_map(SourceCodeInfo::locations) {
            if let Some(comments) = location.comments {
                by_path.entry(location.path).or_insert(comments);
            }
        }
        Self { by_path }
    }

    /// All comments of an element, detached ones too, line by line and without the blanks that lines begin with: as gRPC's plugin takes them.
    pub(super) fn all(&self, path: &[i32]) -> Vec<String> {
        let Some(comments) = self.by_path.get(path) else {
            return Vec::new();
        };
        let stripped = |line: &str| line.trim_start_matches(' ').to_owned();
        let mut lines = Vec::new();
        for detached in &comments.leading_detached {
            lines.extend(detached.to_str_lossy().lines().map(stripped));
            lines.push(String::new());
        }
        for comment in comments.leading.iter().chain(&comments.trailing) {
            lines.extend(comment.to_str_lossy().lines().map(stripped));
        }
        lines
    }

    /// What is said about an element, before it or else behind it, ready to stand between triple quotes; `None` where nothing is said. One blank before each line is the comment's, more are its layout.
    pub(super) fn docstring(&self, path: &[i32]) -> Option<String> {
        let comments = self.by_path.get(path)?;
        let comment = comments.leading.as_ref().or(comments.trailing.as_ref())?;
        let lines: Vec<String> = comment
            .to_str_lossy()
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
