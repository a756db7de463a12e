//! The files that generators make for one output location, in memory.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;
use thiserror::Error;

/// Why a file could not be added or changed. The texts are protoc's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// Two generators made the same file, or one made it twice.
    #[error("{0}: Tried to write the same file twice.")]
    Twice(String),
    /// An insertion into a file that nobody has made.
    #[error("{0}: Tried to insert into file that doesn't exist.")]
    NoFile(String),
    /// The file has no such insertion point.
    #[error("{file}: insertion point \"{point}\" not found.")]
    NoInsertionPoint {
        /// The file.
        file: String,
        /// The name of the point.
        point: String,
    },
}

/// Files by name, relative to the output location. Generators that write to one location share one of these, so that a later one can insert into what an earlier one made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneratedFiles {
    files: BTreeMap<String, Vec<u8>>,
    markers: BTreeSet<String>,
}

impl GeneratedFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn add(&mut self, name: &str, content: Vec<u8>) -> Result<(), FileError> {
        if self.files.contains_key(name) {
            return Err(FileError::Twice(name.to_owned()));
        }
        self.files.insert(name.to_owned(), content);
        Ok(())
    }

    /// Whether a file has been made.
    pub fn contains(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Adds an empty file that makes a directory a package. Several generators may add the same one, and one that is on disk already is to be left alone.
    pub fn add_package_marker(&mut self, name: &str) {
        if !self.files.contains_key(name) {
            self.files.insert(name.to_owned(), Vec::new());
            self.markers.insert(name.to_owned());
        }
    }

    /// Whether a file is one of [`Self::add_package_marker`].
    pub fn is_package_marker(&self, name: &str) -> bool {
        self.markers.contains(name)
    }

    /// Inserts text above the line that holds `@@protoc_insertion_point(POINT)`, with that line's indentation; before the comment itself where it is an inline `/* @@... */`. So several insertions at one point stand in the order in which they were made.
    pub fn insert(&mut self, name: &str, point: &str, text: &[u8]) -> Result<(), FileError> {
        let target = self
            .files
            .get_mut(name)
            .ok_or_else(|| FileError::NoFile(name.to_owned()))?;
        let marker = format!("@@protoc_insertion_point({point})");
        let found =
            memmem::find(target, marker.as_bytes()).ok_or_else(|| FileError::NoInsertionPoint {
                file: name.to_owned(),
                point: point.to_owned(),
            })?;
        let is_inline = found > 3 && &target[found - 3..found - 1] == b"/*";
        let at = if is_inline {
            found - 3
        } else {
            memchr::memrchr(b'\n', &target[..found]).map_or(0, |newline| newline + 1)
        };
        let blanks = target[at..]
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let indent = target[at..at + blanks].to_vec();
        let mut lines = Vec::with_capacity(text.len() + 1);
        // A last line without an end gets one.
        let whole = text.strip_suffix(b"\n").unwrap_or(text);
        if !text.is_empty() {
            for line in whole.split(|byte| *byte == b'\n') {
                lines.extend_from_slice(&indent);
                lines.extend_from_slice(line);
                lines.push(b'\n');
            }
        }
        target.splice(at..at, lines);
        Ok(())
    }

    /// The contents, in the order of the names.
    pub fn into_contents(self) -> impl Iterator<Item = Vec<u8>> {
        self.files.into_values()
    }

    /// Names and contents, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_inserted_above_the_point_with_its_indentation() {
        for (before, point, text, after) in [
            (
                "// @@protoc_insertion_point(a)\n",
                "a",
                "x",
                "x\n// @@protoc_insertion_point(a)\n",
            ),
            (
                "1\n  # @@protoc_insertion_point(a)",
                "a",
                "x\n\ny\n",
                "1\n  x\n  \n  y\n  # @@protoc_insertion_point(a)",
            ),
            (
                "f(\t/* @@protoc_insertion_point(a) */)",
                "a",
                "x,",
                "f(\tx,\n/* @@protoc_insertion_point(a) */)",
            ),
            (
                "# @@protoc_insertion_point(a)",
                "a",
                "",
                "# @@protoc_insertion_point(a)",
            ),
        ] {
            let mut files = GeneratedFiles::new();
            files.add("f", before.as_bytes().to_vec()).unwrap();
            files.insert("f", point, text.as_bytes()).unwrap();
            let (_, content) = files.iter().next().unwrap();
            assert_eq!(String::from_utf8_lossy(content), after);
        }
    }

    #[test]
    fn insertions_at_one_point_stay_in_order() {
        let mut files = GeneratedFiles::new();
        files
            .add("f", b"@@protoc_insertion_point(p)".to_vec())
            .unwrap();
        files.insert("f", "p", b"1").unwrap();
        files.insert("f", "p", b"2").unwrap();
        assert_eq!(
            files.iter().next().unwrap().1,
            b"1\n2\n@@protoc_insertion_point(p)"
        );
    }

    #[test]
    fn what_cannot_be_added_is_refused() {
        let mut files = GeneratedFiles::new();
        files.add("f", Vec::new()).unwrap();
        assert_eq!(
            files.add("f", Vec::new()),
            Err(FileError::Twice("f".into()))
        );
        assert_eq!(
            files.insert("g", "p", b""),
            Err(FileError::NoFile("g".into()))
        );
        assert!(matches!(
            files.insert("f", "p", b""),
            Err(FileError::NoInsertionPoint { .. })
        ));
    }
}
