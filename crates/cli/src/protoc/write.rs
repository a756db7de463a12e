//! Outputs: held in memory until all are made, then written each under a temporary name and renamed, so that no file is ever half written.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use russet_codegen::GeneratedFiles;
use russet_parallel::map_chunks;
use thiserror::Error;

use super::inputs::os_text;
use super::zip;

/// Why outputs were not written.
#[derive(Debug, Error)]
pub(super) enum WriteError {
    /// The directory of a `--NAME_out` is not there.
    #[error("{path}: {}", os_text(error))]
    NoDirectory { path: String, error: io::Error },
    /// A generator made a path that may leave the output directory.
    #[error(
        "Output file names must never have a relative path. ({0}). Use --unsafe_allow_out_dir_escape to disable this error if intentional."
    )]
    Escapes(String),
    /// More than the format can hold.
    #[error("{0}: More files or bytes than an archive can hold; name a directory.")]
    ArchiveTooLarge(String),
    /// The system refused.
    #[error("{}: {}", path.display(), os_text(error))]
    Io { path: PathBuf, error: io::Error },
}

/// How the name of an archive with a manifest ends; protoc compares it with case.
const JAR: &str = ".jar";

/// Where an output directive puts its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// A directory, with its slash at the end; empty for the current one.
    Directory(String),
    /// A `.zip`, `.jar` or `.srcjar` to be made.
    Archive(String),
}

impl Location {
    pub(super) fn of(text: &str) -> Self {
        if [".zip", JAR, ".srcjar"]
            .iter()
            .any(|suffix| text.ends_with(suffix))
        {
            Self::Archive(text.to_owned())
        } else if text.is_empty() || text.ends_with('/') {
            Self::Directory(text.to_owned())
        } else {
            Self::Directory(format!("{text}/"))
        }
    }
}

/// Files to be written.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Generators that name the same location share its files.
    generated: Vec<(Location, GeneratedFiles)>,
    named: Vec<(PathBuf, Vec<u8>)>,
    /// Whether names of generated files may have `..` in them.
    allow_escape: bool,
}

impl Pending {
    pub(super) fn new(allow_escape: bool) -> Self {
        Self {
            allow_escape,
            ..Self::default()
        }
    }

    /// A file the command line names.
    pub(super) fn add_file(&mut self, path: &str, content: Vec<u8>) {
        self.named.push((PathBuf::from(path), content));
    }

    /// The generated files of a location.
    pub(super) fn at(&mut self, location: Location) -> &mut GeneratedFiles {
        let found = self
            .generated
            .iter()
            .position(|(other, _)| *other == location);
        let index = found.unwrap_or_else(|| {
            self.generated.push((location, GeneratedFiles::new()));
            self.generated.len() - 1
        });
        &mut self.generated[index].1
    }

    /// The paths of generated files, as a rule for make names them.
    pub(super) fn generated_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (location, files) in &self.generated {
            match location {
                Location::Directory(directory) => {
                    paths.extend(files.iter().map(|(name, _)| format!("{directory}{name}")));
                }
                Location::Archive(path) => paths.push(path.clone()),
            }
        }
        paths
    }

    /// Writes all files: first each under a temporary name, then, when that has worked for all, under its own. Gives what is to be said about them.
    pub(super) fn write(self) -> Result<Vec<String>, WriteError> {
        let mut files = Vec::new();
        let mut warnings = Vec::new();
        for (location, generated) in self.generated {
            match location {
                Location::Directory(directory) => {
                    in_directory(&directory, generated, self.allow_escape, &mut files)?;
                }
                Location::Archive(path) => {
                    for (name, _) in generated.iter().filter(|(name, _)| name.contains("..")) {
                        if !self.allow_escape {
                            warnings.push(format!("WARNING: Output file names must never have a relative path. ({name}). This will become an error in a future breaking change release of Protobuf. Use --unsafe_allow_out_dir_escape to suppress this warning if intentional."));
                        }
                    }
                    files.push((PathBuf::from(&path), archive(&path, generated)?));
                }
            }
        }
        files.extend(self.named);
        write_all(&files)?;
        Ok(warnings)
    }
}

fn archive(path: &str, mut files: GeneratedFiles) -> Result<Vec<u8>, WriteError> {
    if path.ends_with(JAR) {
        zip::add_manifest(&mut files);
    }
    zip::archive(&files).ok_or_else(|| WriteError::ArchiveTooLarge(path.to_owned()))
}

/// Adds the files of a directory to those that are to be written.
fn in_directory(
    directory: &str,
    generated: GeneratedFiles,
    allow_escape: bool,
    files: &mut Vec<(PathBuf, Vec<u8>)>,
) -> Result<(), WriteError> {
    // The empty name is no directory either.
    fs::metadata(directory).map_err(|error| WriteError::NoDirectory {
        path: directory.to_owned(),
        error,
    })?;
    let mut paths = Vec::new();
    // Names are sorted, so that files of one directory are mostly neighbours.
    let mut made = PathBuf::new();
    for (name, _) in generated.iter() {
        if name.contains("..") && !allow_escape {
            return Err(WriteError::Escapes(name.to_owned()));
        }
        // Put together as text: an absolute name is one below the directory too.
        let path = PathBuf::from(format!("{directory}{}", name.trim_start_matches('/')));
        if generated.is_package_marker(name) && path.exists() {
            paths.push(None);
            continue;
        }
        let parents = name.match_indices('/').map(|(at, _)| &name[..at]);
        for parent in parents {
            if generated.contains(parent) {
                let error = io::Error::other("Not a directory");
                return Err(WriteError::Io { path, error });
            }
        }
        if name.ends_with('/') {
            let error = io::Error::other("Is a directory");
            return Err(WriteError::Io { path, error });
        }
        if let Some(parent) = path.parent().filter(|_| name.contains('/'))
            && parent != made
        {
            fs::create_dir_all(parent).map_err(|error| WriteError::Io {
                path: parent.to_owned(),
                error,
            })?;
            parent.clone_into(&mut made);
        }
        paths.push(Some(path));
    }
    let contents = generated.into_contents();
    files.extend(
        contents
            .zip(paths)
            .filter_map(|(content, path)| Some((path?, content))),
    );
    Ok(())
}

fn write_all(files: &[(PathBuf, Vec<u8>)]) -> Result<(), WriteError> {
    // What was written until then, also where something failed later.
    let written = Mutex::new(Vec::with_capacity(files.len()));
    let result = map_chunks(files, |chunk| {
        for (path, content) in chunk {
            let renamed = write_one(path, content).map_err(|error| WriteError::Io {
                path: path.clone(),
                error,
            })?;
            written
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(renamed);
        }
        Ok(Vec::<()>::new())
    });
    let written = written.into_inner().unwrap_or_else(PoisonError::into_inner);
    let result = result.and_then(|_| {
        map_chunks(&written, |chunk| {
            for (temporary, path) in chunk {
                fs::rename(temporary, path).map_err(|error| WriteError::Io {
                    path: path.clone(),
                    error,
                })?;
            }
            Ok(Vec::<()>::new())
        })
    });
    if result.is_err() {
        for (temporary, _) in &written {
            // Those that have their own name already are no more found under this one.
            let _gone = fs::remove_file(temporary);
        }
    }
    result.map(drop)
}

/// The temporary file and what it is to be called; `None` where the target is written directly, since it is a device or a pipe, as `/dev/stdout`.
fn write_one(path: &Path, content: &[u8]) -> io::Result<Option<(PathBuf, PathBuf)>> {
    let mut target = path.to_owned();
    let mut permissions = None;
    if let Ok(there) = path.metadata() {
        if !there.is_file() {
            fs::write(path, content)?;
            return Ok(None);
        }
        // A file that may not be written is not replaced either; a link stays one; the mode stays as it is.
        OpenOptions::new().write(true).open(path)?;
        target = path.canonicalize()?;
        permissions = Some(there.permissions());
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = target.with_file_name(name);
    let written = fs::write(&temporary, content).and_then(|()| match permissions {
        Some(permissions) => fs::set_permissions(&temporary, permissions),
        None => Ok(()),
    });
    match written {
        Ok(()) => Ok(Some((temporary, target))),
        Err(error) => {
            let _gone = fs::remove_file(&temporary);
            Err(error)
        }
    }
}
