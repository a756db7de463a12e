//! Outputs: held in memory until all are made, then written each under a temporary name and renamed, so that no file is ever half written.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use russet_codegen::Output;
use thiserror::Error;

use super::inputs::os_text;

/// Why outputs were not written.
#[derive(Debug, Error)]
pub(super) enum WriteError {
    /// The directory of a `--NAME_out` is not there.
    #[error("{path}/: {}", os_text(error))]
    NoDirectory { path: String, error: io::Error },
    /// Two generators made the same file.
    #[error("{0}: Tried to write the same file twice.")]
    Twice(String),
    /// A generator made a path that leaves the output directory.
    #[error("{0}: The output file is outside of the output directory.")]
    Escapes(String),
    /// An archive was asked for.
    #[error(
        "{0}: Writing .zip and .jar files is not supported by russet protoc; name a directory."
    )]
    Archive(String),
    /// The system refused.
    #[error("{}: {}", path.display(), os_text(error))]
    Io { path: PathBuf, error: io::Error },
}

/// Files to be written.
#[derive(Debug, Default)]
pub(super) struct Pending {
    files: Vec<(PathBuf, Vec<u8>)>,
    taken: HashSet<PathBuf>,
}

impl Pending {
    /// A file the command line names.
    pub(super) fn add_file(&mut self, path: &str, content: Vec<u8>) {
        self.files.push((PathBuf::from(path), content));
    }

    /// A generated file, below the directory of its output directive.
    pub(super) fn add_output(&mut self, location: &str, output: Output) -> Result<(), WriteError> {
        let directory = if location.is_empty() { "." } else { location };
        if Path::new(directory)
            .extension()
            .is_some_and(|extension| extension == "zip" || extension == "jar")
        {
            return Err(WriteError::Archive(directory.to_owned()));
        }
        if let Err(error) = fs::read_dir(directory) {
            return Err(WriteError::NoDirectory {
                path: directory.trim_end_matches('/').to_owned(),
                error,
            });
        }
        let relative = Path::new(&output.name);
        if !relative
            .components()
            .all(|component| matches!(component, Component::Normal(_)))
        {
            return Err(WriteError::Escapes(output.name));
        }
        let path = Path::new(directory).join(relative);
        if !self.taken.insert(path.clone()) {
            return Err(WriteError::Twice(output.name));
        }
        self.files.push((path, output.content.into_bytes()));
        Ok(())
    }

    /// The paths that will be written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files
            .iter()
            .map(|(path, _)| path.strip_prefix(".").unwrap_or(path))
    }

    /// Writes all files: first each under a temporary name, then, when that has worked for all, under its own.
    pub(super) fn write(self) -> Result<(), WriteError> {
        let mut written: Vec<(PathBuf, PathBuf)> = Vec::with_capacity(self.files.len());
        for (path, content) in &self.files {
            match write_one(path, content) {
                Ok(None) => {}
                Ok(Some(temporary)) => written.push((temporary, path.clone())),
                Err(error) => {
                    for (temporary, _) in written {
                        let _gone = fs::remove_file(temporary);
                    }
                    return Err(WriteError::Io {
                        path: path.clone(),
                        error,
                    });
                }
            }
        }
        for (temporary, path) in written {
            fs::rename(&temporary, &path).map_err(|error| WriteError::Io { path, error })?;
        }
        Ok(())
    }
}

/// The temporary file; `None` where the target is written directly, since it is a device or a pipe, as `/dev/stdout`.
fn write_one(path: &Path, content: &[u8]) -> io::Result<Option<PathBuf>> {
    if path.metadata().is_ok_and(|target| !target.is_file()) {
        fs::write(path, content)?;
        return Ok(None);
    }
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        // Directories are made below the output directory only, which is there.
        if !parent.exists() {
            fs::create_dir_all(parent)?;
        }
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    match fs::write(&temporary, content) {
        Ok(()) => Ok(Some(temporary)),
        Err(error) => {
            let _gone = fs::remove_file(&temporary);
            Err(error)
        }
    }
}
