//! Where files come from: import roots on disk, files in memory, the bundled ones.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::well_known;

/// The largest source file, in bytes. Positions and indexes of everything in a file fit 31 bits below it.
pub const MAX_FILE_SIZE: u64 = 64 << 20;

/// The most entries of folders that are looked at for the file that defines a name.
const MAX_ENTRIES_SEARCHED: usize = 10_000;

/// Why a file could not be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// No root has a file of the name.
    #[error("File not found.")]
    NotFound,
    /// The name has `.`, `..`, an empty part or a backslash in it: a file must have one name only.
    #[error(
        "Backslashes, consecutive slashes, \".\", or \"..\" are not allowed in the virtual path"
    )]
    NotCanonical,
    /// It is there and cannot be read.
    #[error("{0}: {1}", path.display(), error)]
    Unreadable {
        /// The file on disk.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is a directory.
    #[error("Input file is a directory.")]
    Directory,
    /// Larger than [`MAX_FILE_SIZE`].
    #[error("{0} is larger than {limit} bytes, the largest source file that is read", path.display(), limit = MAX_FILE_SIZE)]
    TooLarge {
        /// The file on disk.
        path: PathBuf,
    },
}

/// A directory, or a file, that stands for a virtual path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The virtual path; empty for the root of all names.
    pub virtual_path: String,
    /// The path on disk.
    pub disk_path: PathBuf,
}

/// All places where files are looked for, in order: files given in memory, the roots, the bundled files.
#[derive(Clone, Debug, Default)]
pub struct SourceTree {
    roots: Vec<Root>,
    memory: HashMap<String, Vec<u8>>,
}

/// How a file on disk relates to the roots.
#[derive(Debug, PartialEq, Eq)]
pub enum Virtual {
    /// Its virtual name.
    Found(String),
    /// Another file, under an earlier root, has the same virtual name.
    Shadowed {
        /// The virtual name.
        name: String,
        /// The file that has it.
        by: PathBuf,
    },
    /// It is not below any root.
    NotMapped,
}

impl SourceTree {
    /// A tree with no roots: only bundled files are found.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a root after those that are there.
    pub fn add_root(&mut self, virtual_path: impl Into<String>, disk_path: impl Into<PathBuf>) {
        let disk_path: PathBuf = disk_path.into();
        self.roots.push(Root {
            virtual_path: virtual_path.into(),
            disk_path: shown_form(&disk_path.to_string_lossy()).into(),
        });
    }

    /// Whether there are no roots.
    pub fn has_no_roots(&self) -> bool {
        self.roots.is_empty()
    }

    /// Adds a file that is not on disk.
    pub fn add_memory_file(&mut self, name: impl Into<String>, text: impl Into<Vec<u8>>) {
        self.memory.insert(name.into(), text.into());
    }

    /// The text of a file by its virtual name.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, SourceError> {
        let mut text = Vec::new();
        self.read_into(name, &mut text)?;
        Ok(text)
    }

    /// Reads a file by its virtual name in place of what is in `text`.
    pub(crate) fn read_into(&self, name: &str, text: &mut Vec<u8>) -> Result<(), SourceError> {
        text.clear();
        if let Some(found) = self.memory.get(name) {
            text.extend_from_slice(found);
            return Ok(());
        }
        if name.is_empty() {
            return Err(SourceError::NotFound);
        }
        if !is_canonical(name) {
            return Err(SourceError::NotCanonical);
        }
        for root in &self.roots {
            let Some(path) = map(name, root) else {
                continue;
            };
            match read_file(&path, text) {
                Err(SourceError::NotFound) => {}
                other => return other,
            }
        }
        let bundled = well_known::text(name).ok_or(SourceError::NotFound)?;
        text.extend_from_slice(bundled.as_bytes());
        Ok(())
    }

    /// The virtual names of the files in memory and below the roots, in order; of large trees a part.
    pub(crate) fn all_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.memory.keys().cloned().collect();
        names.sort_unstable();
        let mut looked_at = 0;
        for root in &self.roots {
            // Breadth first: what is near the root is likelier to be meant.
            let mut folders = VecDeque::from([(root.disk_path.clone(), root.virtual_path.clone())]);
            while let Some((folder, name)) = folders.pop_front() {
                let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
                let mut entries: Vec<_> = entries.take(MAX_ENTRIES_SEARCHED).collect();
                entries.sort_unstable_by_key(std::fs::DirEntry::file_name);
                for entry in entries {
                    looked_at += 1;
                    if looked_at > MAX_ENTRIES_SEARCHED {
                        return names;
                    }
                    let file_name = entry.file_name();
                    let (Some(own), Ok(kind)) = (file_name.to_str(), entry.file_type()) else {
                        continue;
                    };
                    let own = match name.as_str() {
                        "" => own.to_owned(),
                        outer => format!("{outer}/{own}"),
                    };
                    if kind.is_dir() {
                        folders.push_back((entry.path(), own));
                    } else if Path::new(&own)
                        .extension()
                        .is_some_and(|end| end == "proto")
                    {
                        names.push(own);
                    }
                }
            }
        }
        names
    }

    /// The file on disk that a virtual name stands for.
    pub fn disk_file(&self, name: &str) -> Option<PathBuf> {
        self.roots
            .iter()
            .filter_map(|root| map(name, root))
            .find(|path| path.exists())
    }

    /// The virtual name of a file on disk.
    pub fn virtual_name(&self, disk_file: &Path) -> Virtual {
        let canonical = lexically_canonical(&disk_file.to_string_lossy());
        for (index, root) in self.roots.iter().enumerate() {
            let root_path = lexically_canonical(&root.disk_path.to_string_lossy());
            let Some(name) = apply(&canonical, &root_path, &root.virtual_path) else {
                continue;
            };
            let earlier = self.roots[..index]
                .iter()
                .filter_map(|root| map(&name, root))
                .find(|path| path.is_file());
            return match earlier {
                Some(by) => Virtual::Shadowed { name, by },
                None => Virtual::Found(name),
            };
        }
        Virtual::NotMapped
    }
}

fn read_file(path: &Path, text: &mut Vec<u8>) -> Result<(), SourceError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::NotFound,
        _ => SourceError::Unreadable {
            path: path.to_owned(),
            error,
        },
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(SourceError::Directory);
    }
    let expected = metadata.len().min(MAX_FILE_SIZE) + 1;
    text.reserve(usize::try_from(expected).unwrap_or_default());
    // One byte more than allowed tells a file that is too large from one that fits.
    file.take(MAX_FILE_SIZE + 1)
        .read_to_end(text)
        .map_err(unreadable)?;
    if text.len() as u64 > MAX_FILE_SIZE {
        return Err(SourceError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// On Windows a backslash parts directories, so that a name with one would not be the only one.
fn is_canonical(name: &str) -> bool {
    let relative = name.strip_prefix('/').unwrap_or(name);
    !(cfg!(windows) && name.contains('\\'))
        && relative
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."))
}

/// Without `.` parts and doubled slashes; `..` stays.
fn lexically_canonical(path: &str) -> String {
    let mut parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if path.starts_with('/') {
        parts.insert(0, "");
        if parts.len() == 1 {
            return "/".to_owned();
        }
    }
    parts.join("/")
}

/// `path` with `prefix` replaced, where it lies below it.
fn apply(path: &str, prefix: &str, replacement: &str) -> Option<String> {
    let rest = if prefix.is_empty() {
        if path.starts_with('/') || path == ".." || path.starts_with("../") {
            return None;
        }
        path
    } else {
        let rest = path.strip_prefix(prefix)?;
        if prefix.ends_with('/') || rest.is_empty() {
            rest
        } else {
            rest.strip_prefix('/')?
        }
    };
    if rest.split('/').any(|part| part == "..") {
        return None;
    }
    Some(match (replacement.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (false, true) => replacement.to_owned(),
        (false, false) => format!("{replacement}/{rest}"),
    })
}

/// An import root as it stands before the names of files in messages: without `.` parts and doubled slashes, a slash at its end kept.
fn shown_form(path: &str) -> String {
    let mut shown = lexically_canonical(path);
    if path.ends_with('/') && !shown.ends_with('/') && !shown.is_empty() {
        shown.push('/');
    }
    shown
}

/// The path on disk that a root gives a virtual name.
fn map(name: &str, root: &Root) -> Option<PathBuf> {
    let rest = if root.virtual_path.is_empty() {
        if name.starts_with('/') {
            // Joined, it would leave the root.
            return None;
        }
        name
    } else {
        let rest = name.strip_prefix(&root.virtual_path)?;
        if rest.is_empty() {
            return Some(root.disk_path.clone());
        }
        rest.strip_prefix('/')?
    };
    if rest.starts_with('/') {
        return None;
    }
    let directory = root.disk_path.to_string_lossy();
    Some(if directory.is_empty() {
        PathBuf::from(rest)
    } else {
        // Not joined as paths are: protoc shows both slashes of a root that ends with one.
        PathBuf::from(format!("{directory}/{rest}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_on_disk_get_virtual_names() {
        for (root, virtual_path, disk, name) in [
            (".", "", "a/b.proto", Some("a/b.proto")),
            (".", "", "./a//b.proto", Some("a/b.proto")),
            (".", "", "../a.proto", None),
            (".", "", "/a.proto", None),
            ("protos", "", "protos/a.proto", Some("a.proto")),
            ("protos/", "", "./protos/a.proto", Some("a.proto")),
            ("protos", "", "protosx/a.proto", None),
            ("protos", "v", "protos/a.proto", Some("v/a.proto")),
            ("/abs", "", "/abs/x/a.proto", Some("x/a.proto")),
            ("/", "", "/abs/a.proto", Some("abs/a.proto")),
        ] {
            let mut tree = SourceTree::new();
            tree.add_root(virtual_path, root);
            let expected = match name {
                Some(name) => Virtual::Found(name.to_owned()),
                None => Virtual::NotMapped,
            };
            assert_eq!(
                tree.virtual_name(Path::new(disk)),
                expected,
                "{root} {disk}"
            );
        }
    }

    #[test]
    fn names_must_be_canonical() {
        let tree = SourceTree::new();
        for name in ["a//b.proto", "../a.proto", "./a.proto", "a/"] {
            assert!(
                matches!(tree.read(name), Err(SourceError::NotCanonical)),
                "{name}"
            );
        }
        // As protoc says of an import without a name.
        for name in ["a.proto", "/a.proto", ""] {
            assert!(
                matches!(tree.read(name), Err(SourceError::NotFound)),
                "{name}"
            );
        }
        assert!(tree.read("google/protobuf/any.proto").is_ok());
    }
}
