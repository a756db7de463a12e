//! Names to symbols, by protobuf's scoping rules.

use std::ops::ControlFlow;

use rustc_hash::FxHashSet;

use crate::link::Linker;
use crate::table::{FileId, Symbol};

/// What a lookup accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Anything,
    /// Names of other things in inner scopes are passed over.
    Types,
}

impl Linker<'_> {
    /// A full name, wherever it is declared. An import that it comes from counts as used.
    pub(super) fn find_anywhere(&mut self, name: &str) -> Option<Symbol> {
        let symbol = self.table.find(name)?;
        let file = self.table.file_of(symbol);
        // A package is of several files, of which none is used by its name alone.
        if self.sees(file) && !matches!(symbol, Symbol::Package(_)) {
            self.unused.retain(|unused| *unused != file);
        }
        Some(symbol)
    }

    /// A full name declared in this file or one it imports. One that is declared elsewhere is remembered for the error.
    pub(super) fn find(&mut self, name: &str) -> Option<Symbol> {
        let symbol = self.find_anywhere(name)?;
        let file = self.table.file_of(symbol);
        let is_visible = if let Symbol::Package(_) = symbol {
            self.table.declares_package(name, &self.visible)
                || (self.in_options && self.table.declares_package(name, &self.visible_in_options))
        } else {
            self.sees(file)
        };
        if is_visible {
            return Some(symbol);
        }
        self.undeclared = Some((file, name.to_owned()));
        None
    }

    /// A name as written inside of `scope`: from the innermost scope outward; its first part decides.
    pub(super) fn lookup(&mut self, name: &str, scope: &str, wanted: Wanted) -> Option<Symbol> {
        self.undeclared = None;
        self.unresolved = None;
        if let Some(full_name) = name.strip_prefix('.') {
            return self.find(full_name);
        }
        // One buffer for all candidates of all lookups: `outer.scope.` and the first part, shorter each time.
        let mut candidate = std::mem::take(&mut self.buffer);
        candidate.clear();
        candidate.push_str(scope);
        let found = self.lookup_inside(name, &mut candidate, wanted);
        self.buffer = candidate;
        match found {
            ControlFlow::Break(found) => found,
            ControlFlow::Continue(()) => self.find(name),
        }
    }

    /// Looks in the scope that `candidate` names and outward, and goes on where none of them has the name's first part. Leaves anything in `candidate`.
    fn lookup_inside(
        &mut self,
        name: &str,
        candidate: &mut String,
        wanted: Wanted,
    ) -> ControlFlow<Option<Symbol>> {
        let (first, rest) = match name.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (name, None),
        };
        while let Some(end) = candidate.rfind('.') {
            candidate.truncate(end + 1);
            candidate.push_str(first);
            let symbol = self.find(candidate);
            match (symbol, rest) {
                (Some(symbol), Some(rest)) if symbol.is_aggregate() => {
                    candidate.push('.');
                    candidate.push_str(rest);
                    let found = self.find(candidate);
                    if found.is_none() {
                        self.unresolved = Some(candidate.clone());
                    }
                    return ControlFlow::Break(found);
                }
                // A field or the like cannot contain the rest: look further out.
                (None, _) | (Some(_), Some(_)) => {}
                (Some(symbol), None) if wanted == Wanted::Types && !symbol.is_type() => {}
                (Some(symbol), None) => return ControlFlow::Break(Some(symbol)),
            }
            candidate.truncate(end);
        }
        ControlFlow::Continue(())
    }

    /// What to say after a lookup of `name` found nothing.
    pub(super) fn not_defined(&self, name: &str) -> Vec<String> {
        let mut messages = Vec::new();
        if let Some((file, full_name)) = &self.undeclared {
            messages.push(format!(
                "\"{full_name}\" seems to be defined in \"{}\", which is not imported by \"{}\".  To use it here, please add the necessary import.",
                self.table[*file].name, self.table[self.file].name,
            ));
        }
        if let Some(resolved) = &self.unresolved {
            messages.push(format!(
                "\"{name}\" is resolved to \"{resolved}\", which is not defined. The innermost scope is searched first in name resolution. Consider using a leading '.'(i.e., \".{name}\") to start from the outermost scope."
            ));
        }
        if messages.is_empty() {
            messages.push(format!("\"{name}\" is not defined."));
        }
        messages
    }

    /// Whether what a file declares can be used here.
    fn sees(&self, file: FileId) -> bool {
        self.visible.contains(&file) || (self.in_options && self.visible_in_options.contains(&file))
    }

    /// Files and all they import publicly.
    pub(super) fn with_public_imports(&self, files: Vec<FileId>) -> FxHashSet<FileId> {
        let mut found = FxHashSet::default();
        let mut queue = files;
        while let Some(file) = queue.pop() {
            if found.insert(file) {
                queue.extend(self.table[file].public_dependencies.iter().copied());
            }
        }
        found
    }
}
