//! What helps a person with an error: names that are like the wrong one, and the other place of a conflict.

use russet_descriptor::proto::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use super::{Linker, at};
use crate::diagnostics::{Position, Undefined};
use crate::names::join;
use crate::parser::path;
use crate::similar::{closest, scalar_of_other_language};
use crate::table::{MessageId, Symbol};

/// For so many wrong names of a file something similar, or the other place, is looked for: each takes a walk over all names.
const MAX_SEARCHES: usize = 20;

/// So many names are compared with a wrong one.
const MAX_CANDIDATES: usize = 50_000;

impl Linker<'_> {
    /// Reports a name whose lookup found nothing.
    pub(super) fn report_undefined(&mut self, position: Option<Position>, name: &str) {
        let is_plain = self.undeclared.is_none() && self.unresolved.is_none();
        let package = self.table[self.file].package.clone();
        for message in self.not_defined(name) {
            let is_worth_it = is_plain && !self.is_incomplete && self.searches < MAX_SEARCHES;
            let hint = is_worth_it.then(|| self.similar_type(name)).flatten();
            self.searches += 1;
            let is_consequence = self.is_incomplete;
            let Some(finding) = self.findings.error(position, message) else {
                continue;
            };
            if is_consequence {
                // What is not found may be in the import that is missing.
                finding.consequence();
                continue;
            }
            if let Some(hint) = hint {
                finding.hint(format!("did you mean \"{hint}\"?"));
            }
            if is_plain {
                let name = name.to_owned();
                finding.undefined(Undefined { name, package });
                return;
            }
        }
    }

    fn similar_type(&self, name: &str) -> Option<String> {
        if let Some(scalar) = scalar_of_other_language(name) {
            return Some(scalar.to_owned());
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        let known: Vec<&str> = self
            .table
            .all_names()
            .filter(|(_, symbol)| symbol.is_type())
            .filter(|(_, symbol)| self.visible.contains(&self.table.file_of(*symbol)))
            .map(|(name, _)| name)
            .take(MAX_CANDIDATES)
            .collect();
        let last_of = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        let lasts: Vec<String> = known.iter().map(|name| last_of(name)).collect();
        if let Some(found) = known.iter().find(|known| last_of(known) == last) {
            return Some((*found).to_owned());
        }
        let nearest = closest(last, lasts.iter().map(String::as_str))?;
        let index = lasts.iter().position(|last| last == nearest)?;
        Some(known[index].to_owned())
    }

    /// The field of an options message, or the extension of one, that a wrong option name is like.
    pub(super) fn similar_option(
        &mut self,
        message: MessageId,
        name: &str,
        is_extension: bool,
    ) -> Option<String> {
        if !is_extension {
            let fields = self.table[message].fields.iter();
            let names = fields.map(|&field| &*self.table[field].name);
            return closest(name, names).map(|name| format!("did you mean \"{name}\"?"));
        }
        if self.searches >= MAX_SEARCHES {
            return None;
        }
        self.searches += 1;
        let extensions = self.table.all_names().filter(|(_, symbol)| match symbol {
            Symbol::Field(id) => {
                let field = &self.table[*id];
                field.is_extension && field.containing == Some(message)
            }
            _ => false,
        });
        let known: Vec<&str> = extensions.map(|(name, _)| name).collect();
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        let same = known
            .iter()
            .copied()
            .find(|known| last(known) == last(name));
        let found =
            same.or_else(|| closest(name.trim_start_matches('.'), known.iter().copied()))?;
        Some(format!("did you mean \"({found})\"?"))
    }

    /// Where this file defines a name that is taken twice; looked for as seldom as similar names are.
    pub(super) fn place_of_other(
        &mut self,
        file: &FileDescriptorProto,
        full_name: &str,
    ) -> Option<Position> {
        if self.searches >= MAX_SEARCHES {
            return None;
        }
        self.searches += 1;
        let mut place = find_in_file(file, full_name)?;
        place.push(path::NAME);
        self.position(file, &place)
    }
}

fn find_in_file(file: &FileDescriptorProto, wanted: &str) -> Option<Vec<i32>> {
    let package = file.package.as_deref().unwrap_or_default();
    let messages = file.message_type.iter().enumerate();
    let found = messages.into_iter().find_map(|(index, message)| {
        find_in_message(
            message,
            package,
            wanted,
            vec![path::FILE_MESSAGE, at(index)],
        )
    });
    found
        .or_else(|| find_in_enums(&file.enum_type, package, wanted, &[path::FILE_ENUM]))
        .or_else(|| {
            let services = file.service.iter().map(|service| &service.name);
            find_named(services, package, wanted, &[path::FILE_SERVICE])
        })
        .or_else(|| {
            let extensions = file.extension.iter().map(|field| &field.name);
            find_named(extensions, package, wanted, &[path::FILE_EXTENSION])
        })
}

fn find_in_message(
    message: &DescriptorProto,
    scope: &str,
    wanted: &str,
    place: Vec<i32>,
) -> Option<Vec<i32>> {
    let full_name = join(scope, message.name.as_deref().unwrap_or_default());
    if full_name == wanted {
        return Some(place);
    }
    if !wanted.starts_with(&full_name) {
        return None;
    }
    let under = |number: i32| [&place[..], &[number]].concat();
    let fields = message.field.iter().map(|field| &field.name);
    let extensions = message.extension.iter().map(|field| &field.name);
    let nested = under(path::MESSAGE_NESTED);
    find_named(fields, &full_name, wanted, &under(path::MESSAGE_FIELD))
        .or_else(|| {
            find_named(
                extensions,
                &full_name,
                wanted,
                &under(path::MESSAGE_EXTENSION),
            )
        })
        .or_else(|| {
            find_in_enums(
                &message.enum_type,
                &full_name,
                wanted,
                &under(path::MESSAGE_ENUM),
            )
        })
        .or_else(|| {
            message
                .nested_type
                .iter()
                .enumerate()
                .find_map(|(index, inner)| {
                    let place = [&nested[..], &[at(index)]].concat();
                    find_in_message(inner, &full_name, wanted, place)
                })
        })
}

fn find_in_enums(
    enums: &[EnumDescriptorProto],
    scope: &str,
    wanted: &str,
    list: &[i32],
) -> Option<Vec<i32>> {
    let names = enums.iter().map(|declared| &declared.name);
    find_named(names, scope, wanted, list).or_else(|| {
        enums.iter().enumerate().find_map(|(index, declared)| {
            let list = [list, &[at(index), path::ENUM_VALUE]].concat();
            let names = declared.value.iter().map(|value| &value.name);
            find_named(names, scope, wanted, &list)
        })
    })
}

/// The place of the first in a list that has the wanted full name.
fn find_named<'n>(
    mut names: impl Iterator<Item = &'n Option<String>>,
    scope: &str,
    wanted: &str,
    list: &[i32],
) -> Option<Vec<i32>> {
    let index =
        names.position(|name| join(scope, name.as_deref().unwrap_or_default()) == wanted)?;
    Some([list, &[at(index)]].concat())
}
