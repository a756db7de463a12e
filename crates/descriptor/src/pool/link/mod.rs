//! Builds a file's descriptors and resolves its references.
//!
//! Two passes: the first makes every descriptor of the file and collects its symbols, the second resolves type names (against the file's own symbols and the pool's) and checks what needs them. Only then does the pool take the file; a file that fails leaves nothing behind but the memory of its attempt.

mod declare;
mod message;
mod resolve;

use std::sync::OnceLock;

use super::arena::Names;
use super::error::PoolError;
use super::feature_defaults::FeatureDefaults;
use super::features::Features;
use super::model::{Field, File};
use super::symbols::{Symbol, Symbols};
use super::view::FileView;
use crate::proto::edition;

/// A file that linked: what the pool takes over.
pub(super) struct Linked {
    pub(super) file: &'static File,
    pub(super) symbols: Symbols,
    pub(super) extensions: Vec<&'static Field>,
}

/// Builds and links the file of checked bytes against `pool`, whose identity is `pool_id`.
pub(super) fn link(
    serialized: &'static [u8],
    dependencies: Vec<&'static File>,
    pool: &Symbols,
    pool_id: u64,
    defaults: Option<&FeatureDefaults>,
) -> Result<Linked, PoolError> {
    let view = FileView::read(serialized)?;
    let edition = match view.syntax {
        Some("proto3") => edition::PROTO3,
        Some("editions") => view.edition.unwrap_or(edition::EDITION_2023),
        _ => edition::PROTO2,
    };
    let features = match defaults {
        None => Features::of_edition(edition),
        Some(defaults) => defaults.of_edition(edition).map_err(|problem| {
            let file = view.name.unwrap_or_default().to_owned();
            PoolError::Edition { file, problem }
        })?,
    };
    let features = features.overridden_by(view.options.as_ref().and_then(|o| o.features.as_ref()));
    let file = leak(File {
        name: view.name.unwrap_or_default(),
        package: view.package.unwrap_or_default(),
        serialized,
        proto: OnceLock::new(),
        edition,
        features,
        dependencies,
        public: view.public_dependency.clone(),
        messages: OnceLock::new(),
        enums: OnceLock::new(),
        extensions: OnceLock::new(),
        services: OnceLock::new(),
        pool: pool_id,
    });
    let mut builder = Builder {
        file,
        pool,
        names: Names::new(serialized.len()),
        symbols: Symbols::with_capacity(view.message_type.len()),
        unresolved: Vec::new(),
        extensions: Vec::new(),
        empty_oneof: None,
    };
    builder.file(&view)?;
    builder.resolve(&view)?;
    Ok(Linked {
        file,
        symbols: builder.symbols,
        extensions: builder.extensions,
    })
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Fills a list that is made once, while its file is built.
fn fill<T>(list: &OnceLock<T>, value: T) {
    if list.set(value).is_err() {
        unreachable!("each list of a descriptor is filled once");
    }
}

struct Builder<'a> {
    file: &'static File,
    pool: &'a Symbols,
    names: Names,
    symbols: Symbols,
    unresolved: Vec<(&'static Field, References)>,
    extensions: Vec<&'static Field>,
    /// The first oneof without members, which is an error.
    empty_oneof: Option<&'static str>,
}

/// What a field refers to by name, or needs its type for.
#[derive(Clone, Copy)]
struct References {
    type_name: &'static str,
    extendee: &'static str,
    default_value: Option<&'static [u8]>,
}

impl Builder<'_> {
    fn invalid(&self, element: &str, problem: impl Into<String>) -> PoolError {
        PoolError::Invalid {
            file: self.file.name().to_owned(),
            element: element.to_owned(),
            problem: problem.into(),
        }
    }

    /// A name, if it is an identifier, and the same joined to its scope.
    fn name(
        &mut self,
        scope: &str,
        name: Option<&'static str>,
    ) -> Result<(&'static str, &'static str), PoolError> {
        let name = self.identifier(scope, name)?;
        Ok((name, self.names.join(scope, name)))
    }

    /// A name, if it is an identifier.
    fn identifier(
        &self,
        scope: &str,
        name: Option<&'static str>,
    ) -> Result<&'static str, PoolError> {
        let name = name.unwrap_or_default();
        let is_identifier = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_identifier {
            Ok(name)
        } else {
            Err(self.invalid(scope, format!("\"{name}\" is not a name")))
        }
    }

    fn duplicate(&self, name: &str, first: &File) -> PoolError {
        PoolError::DuplicateSymbol {
            symbol: name.to_owned(),
            first: first.name().to_owned(),
            second: self.file.name().to_owned(),
        }
    }

    /// Fails where the pool or this file has a name already.
    fn check_new(&self, name: &str) -> Result<(), PoolError> {
        let first = match self.pool.get(name) {
            // A package may be shared by any number of files.
            Some(earlier) => earlier.file(),
            None if self.symbols.get(name).is_some() => self.file,
            None => return Ok(()),
        };
        Err(self.duplicate(name, first))
    }

    fn define(&mut self, name: &'static str, symbol: Symbol) -> Result<(), PoolError> {
        self.check_new(name)?;
        self.symbols.insert(name, symbol);
        Ok(())
    }

    fn file(&mut self, view: &FileView<'static>) -> Result<(), PoolError> {
        let file = self.file;
        let package = file.package();
        let ends = package.match_indices('.').map(|(at, _)| at);
        let ends = ends.chain((!package.is_empty()).then_some(package.len()));
        for prefix in ends.map(|end| &package[..end]) {
            let (scope, part) = prefix.rsplit_once('.').unwrap_or(("", prefix));
            self.identifier(scope, Some(part))?;
            match self.pool.get(prefix) {
                None => self.symbols.insert(prefix, Symbol::Package(file)),
                Some(Symbol::Package(_)) => {}
                Some(other) => return Err(self.duplicate(prefix, other.file())),
            }
        }
        let mut messages = Vec::with_capacity(view.message_type.len());
        for (index, message) in view.message_type.iter().enumerate() {
            messages.push(self.message(message, package, None, index, file.features)?);
        }
        fill(&file.messages, messages);
        let enums = self.enumerations(&view.enum_type, package, None, file.features)?;
        fill(&file.enums, enums);
        let extensions = self.extensions(&view.extension, package, None, file.features)?;
        fill(&file.extensions, extensions);
        Ok(())
    }
}
