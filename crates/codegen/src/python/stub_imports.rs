//! The imports of type stubs: only what they make use of, and under names that their users do not see.

use rustc_hash::FxHashSet;

use russet_descriptor::proto::FileDescriptorProto;

use super::messages::public_dependencies;
use super::{Options, Printer, is_importable, is_keyword, module_name};
use crate::Schema;

/// Stubs name what is deprecated where they declare it; only uses are to be reported.
pub(super) const DEPRECATED_ALLOWED: &str = "# pyright: reportDeprecated=false";

/// A module and names of it, which stubs import with an underscore before them.
pub(super) type Imported = (&'static str, &'static [&'static str]);

/// The identifiers of a text that begin with an underscore, as all imported names do.
pub(super) fn words(text: &str) -> FxHashSet<&str> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let starts = text
        .match_indices('_')
        .map(|(at, _)| at)
        .filter(|&at| !text[..at].ends_with(is_part));
    starts
        .map(|at| {
            let rest = &text[at..];
            &rest[..rest
                .find(|character| !is_part(character))
                .unwrap_or(rest.len())]
        })
        .collect()
}

/// Imports the names that the text, whose identifiers are `words`, makes use of.
pub(super) fn import_used(out: &mut Printer, imports: &[Imported], words: &FxHashSet<&str>) {
    for (module, names) in imports {
        let used: Vec<String> = names
            .iter()
            .filter(|name| words.contains(&*format!("_{name}")))
            .map(|name| format!("{name} as _{name}"))
            .collect();
        if !used.is_empty() {
            out.lines(&format!("from {module} import {}", used.join(", ")));
        }
    }
}

/// The names that a file declares at its top.
pub(super) fn declared_names(file: &FileDescriptorProto) -> impl Iterator<Item = &str> {
    let messages = file.message_type.iter().map(|message| &message.name);
    let enums = file.enum_type.iter().map(|declared| &declared.name);
    let values = file.enum_type.iter().flat_map(|declared| &declared.value);
    let extensions = file.extension.iter().map(|extension| &extension.name);
    messages
        .chain(enums)
        .chain(values.map(|value| &value.name))
        .chain(extensions)
        .flatten()
        .map(String::as_str)
}

/// What a file makes known of others: all that they declare, and what they make known in turn. A file that is reached in several ways is in `seen` after the first.
pub(super) fn public_imports<'s>(
    out: &mut Printer,
    schema: &Schema<'s>,
    options: &Options,
    file: &'s FileDescriptorProto,
    from: &str,
    seen: &mut FxHashSet<&'s str>,
) {
    for dependency in public_dependencies(file) {
        let Some(public) = schema.file(dependency).filter(|_| seen.insert(dependency)) else {
            continue;
        };
        let names: Vec<String> = declared_names(public)
            .filter(|name| !is_keyword(name))
            .map(|name| format!("{name} as {name}"))
            .collect();
        let module = options.module_from(from, dependency);
        let is_importable = is_importable(module.trim_start_matches('.'));
        if is_importable && !names.is_empty() {
            out.lines(&format!("from {module} import {}", names.join(", ")));
        }
        public_imports(out, schema, options, public, from, seen);
    }
}

/// What a file imports, and what becomes known by that, each with a name that users of the stub do not see.
pub(super) fn aliases<'s>(
    schema: &Schema<'s>,
    file: &'s FileDescriptorProto,
) -> Vec<(&'s str, String)> {
    fn add<'s>(schema: &Schema<'s>, name: &'s str, aliases: &mut Vec<(&'s str, String)>) {
        if aliases.iter().any(|(file, _)| *file == name) {
            return;
        }
        let module = module_name(name);
        let mut alias = format!("_{}", module.rsplit('.').next().unwrap_or_default());
        while aliases.iter().any(|(_, taken)| *taken == alias) {
            alias.push_str("_1");
        }
        aliases.push((name, alias));
        let public = schema.file(name).into_iter().flat_map(public_dependencies);
        public.for_each(|public| add(schema, public, aliases));
    }
    let mut aliases = Vec::new();
    for dependency in &file.dependency {
        add(schema, dependency, &mut aliases);
    }
    aliases
}
