//! Which file defines a name that a file uses but does not import: the bundled files and those below the import roots are searched, once a name is missing and not before.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use russet_descriptor::proto::DescriptorProto;

use crate::diagnostics::Undefined;
use crate::names::join;
use crate::parser;
use crate::source::SourceTree;
use crate::well_known;

/// The most bytes of files that are searched.
const MAX_SEARCHED_BYTES: usize = 32 << 20;

/// What is defined where, as far as it was looked for.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    found: Option<Index>,
}

/// Full names of messages and enums, with their files.
#[derive(Debug, Default)]
struct Index {
    files: FxHashMap<String, String>,
    /// By the last part of the name; what several packages define is not told apart.
    by_last_part: FxHashMap<String, String>,
}

impl Definitions {
    /// What to do about a name that was not found, if a file is found that defines it.
    pub(crate) fn hint(&mut self, sources: &SourceTree, undefined: &Undefined) -> Option<String> {
        let found = self.found.get_or_insert_with(|| search(sources));
        let written = undefined.name.trim_start_matches('.');
        for index in [bundled(), found] {
            let mut scope = undefined.package.as_str();
            loop {
                let full_name = join(scope, written);
                if let Some(file) = index.files.get(&full_name) {
                    return Some(format!(
                        "\"{full_name}\" is defined in \"{file}\", which is not imported"
                    ));
                }
                if scope.is_empty() {
                    break;
                }
                scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
            }
        }
        for index in [bundled(), found] {
            let last = written.rsplit('.').next().unwrap_or_default();
            if let Some(full_name) = index.by_last_part.get(last) {
                let file = &index.files[full_name];
                return Some(format!(
                    "did you mean \"{full_name}\"? it is defined in \"{file}\", which is not imported"
                ));
            }
        }
        None
    }
}

impl Index {
    fn add(&mut self, name: &str, text: &[u8]) {
        let (file, _) = parser::parse(name, text);
        let package = file.package.as_deref().unwrap_or_default();
        for message in &file.message_type {
            self.add_message(message, package, name);
        }
        for declared in &file.enum_type {
            let full_name = join(package, declared.name.as_deref().unwrap_or_default());
            self.add_name(full_name, name);
        }
    }

    fn add_message(&mut self, message: &DescriptorProto, scope: &str, file: &str) {
        let full_name = join(scope, message.name.as_deref().unwrap_or_default());
        for nested in &message.nested_type {
            self.add_message(nested, &full_name, file);
        }
        for declared in &message.enum_type {
            let name = join(&full_name, declared.name.as_deref().unwrap_or_default());
            self.add_name(name, file);
        }
        self.add_name(full_name, file);
    }

    fn add_name(&mut self, full_name: String, file: &str) {
        let last = full_name.rsplit('.').next().unwrap_or_default().to_owned();
        self.by_last_part
            .entry(last)
            .or_insert_with(|| full_name.clone());
        self.files
            .entry(full_name)
            .or_insert_with(|| file.to_owned());
    }
}

fn bundled() -> &'static Index {
    static BUNDLED: OnceLock<Index> = OnceLock::new();
    BUNDLED.get_or_init(|| {
        let mut index = Index::default();
        for (name, text) in well_known::FILES {
            index.add(name, text.as_bytes());
        }
        index
    })
}

fn search(sources: &SourceTree) -> Index {
    let mut index = Index::default();
    let mut left = MAX_SEARCHED_BYTES;
    for name in sources.all_names() {
        let Ok(text) = sources.read(&name) else {
            continue;
        };
        let Some(rest) = left.checked_sub(text.len()) else {
            break;
        };
        left = rest;
        index.add(&name, &text);
    }
    index
}
