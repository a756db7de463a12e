//! Extension declarations: what a message says beforehand about the extensions of its ranges, and whether they keep to it.

use rustc_hash::FxHashSet;

use russet_descriptor::proto::{
    DescriptorProto, ExtensionDeclaration, FieldDescriptorProto, FileDescriptorProto, field_type,
};

use super::{Linker, at, below};
use crate::diagnostics::Position;
use crate::parser::path;
use crate::table::{FieldId, FileId};

/// `ExtensionRangeOptions.VerificationState`.
const DECLARATION: i32 = 0;
const UNVERIFIED: i32 = 1;

/// Types that a declaration names without a leading dot.
const NOT_MESSAGES: [&str; 16] = [
    "double", "float", "int64", "uint64", "int32", "fixed32", "fixed64", "bool", "string", "bytes",
    "uint32", "enum", "sfixed32", "sfixed64", "sint32", "sint64",
];

impl Linker<'_> {
    /// The declarations of a message's ranges.
    pub(super) fn check_declarations(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        place: &[i32],
    ) {
        let mut names = FxHashSet::default();
        for (index, range) in message.extension_range.iter().enumerate() {
            let Some(options) = &range.options else {
                continue;
            };
            if options.declaration.is_empty() {
                continue;
            }
            if options.verification == Some(UNVERIFIED) {
                let message = "Cannot mark the extension range as UNVERIFIED when it has extension(s) declared.";
                self.findings.error(None, message);
                return;
            }
            let bounds = range.start.unwrap_or(0)..range.end.unwrap_or(0);
            let place = below(place, &[path::MESSAGE_EXTENSION_RANGE, at(index)]);
            let mut numbers = FxHashSet::default();
            for declaration in &options.declaration {
                let number = declaration.number.unwrap_or(0);
                if !bounds.contains(&number) {
                    let message = format!(
                        "Extension declaration number {number} is not in the extension range."
                    );
                    self.error(file, &place, &[], message);
                }
                if !numbers.insert(number) {
                    let message = format!(
                        "Extension declaration number {number} is declared multiple times."
                    );
                    self.error(file, &place, &[], message);
                }
                if let Some(name) = &declaration.full_name
                    && declaration.type_.is_some()
                    && !names.insert(name.as_str())
                {
                    let message =
                        format!("Extension field name \"{name}\" is declared multiple times.");
                    self.findings.error(None, message);
                    break;
                }
                for message in declaration_errors(declaration) {
                    // protoc asks for the place of a range's name, which has none.
                    self.findings.error(None, message);
                }
            }
        }
    }

    /// Whether an extension is what its number is declared for.
    pub(super) fn check_declared_extension(
        &mut self,
        file: &FileDescriptorProto,
        proto: &FieldDescriptorProto,
        id: FieldId,
        place: &[i32],
    ) {
        let field = &self.table[id];
        let Some(extended) = field.containing.filter(|_| field.is_extension) else {
            return;
        };
        let extended = &self.table[extended];
        if extended.range_options.is_empty() || extended.full_name.starts_with("google.protobuf.") {
            // Of the options messages only their own tests are strict.
            return;
        }
        let number = field.number;
        let range = extended
            .extension_ranges
            .iter()
            .position(|range| (range.0..range.1).contains(&number));
        let Some(options) = range.and_then(|index| extended.range_options.get(&index)) else {
            return;
        };
        let declaration = options
            .declaration
            .iter()
            .find(|declaration| declaration.number == Some(number));
        let name = &field.full_name;
        let of = &extended.full_name;
        let messages = match declaration {
            Some(declaration) if declaration.reserved == Some(true) => vec![format!(
                "Cannot use number {number} for extension field {name}, as it is reserved in the extension declarations for message {of}."
            )],
            Some(declaration) => self.mismatches(declaration, proto, id, of),
            None if !options.declaration.is_empty()
                || options.verification == Some(DECLARATION) =>
            {
                vec![format!(
                    "Missing extension declaration for field {name} with number {number} in extendee message {of}. An extension range must declare for all extension fields if its verification state is DECLARATION or there's any declaration in the range already. Otherwise, consider splitting up the range."
                )]
            }
            None => Vec::new(),
        };
        for message in messages {
            self.extendee_error(file, place, message);
        }
    }

    fn mismatches(
        &self,
        declaration: &ExtensionDeclaration,
        proto: &FieldDescriptorProto,
        id: FieldId,
        of: &str,
    ) -> Vec<String> {
        let field = &self.table[id];
        let number = field.number;
        let mut messages = Vec::new();
        // Types are compared only in a file that has no error yet.
        if let Some(written) = declaration
            .type_
            .as_deref()
            .filter(|_| !self.findings.has_errors())
        {
            let expected = if NOT_MESSAGES.contains(&written) || written.starts_with('.') {
                written.to_owned()
            } else {
                format!(".{written}")
            };
            let actual = match &proto.type_name {
                Some(name) => name.clone(),
                None => field_type::name(field.type_)
                    .unwrap_or_default()
                    .to_ascii_lowercase(),
            };
            if expected != actual {
                messages.push(format!(
                    "\"{of}\" extension field {number} is expected to be type \"{expected}\", not \"{actual}\"."
                ));
            }
        }
        let actual = format!(".{}", field.full_name);
        if let Some(expected) = declaration
            .full_name
            .as_ref()
            .filter(|name| **name != actual)
        {
            messages.push(format!(
                "\"{of}\" extension field {number} is expected to have field name \"{expected}\", not \"{actual}\"."
            ));
        }
        let repeated = declaration.repeated == Some(true);
        if repeated != field.is_repeated() {
            let expected = if repeated { "repeated" } else { "optional" };
            messages.push(format!(
                "\"{of}\" extension field {number} is expected to be {expected}."
            ));
        }
        messages
    }

    /// An error at the extended type, which protoc knows the place of for the first extension of a block only.
    pub(super) fn extendee_error(
        &mut self,
        file: &FileDescriptorProto,
        place: &[i32],
        message: impl Into<String>,
    ) {
        let position = self.extendee_position(file, place);
        self.findings.error(position, message);
    }

    pub(super) fn extendee_position(
        &mut self,
        file: &FileDescriptorProto,
        place: &[i32],
    ) -> Option<Position> {
        let own = self.position(file, &below(place, &[path::FIELD_EXTENDEE]));
        let before = place.split_last().and_then(|(index, list)| {
            let before = below(list, &[index - 1, path::FIELD_EXTENDEE]);
            self.position(file, &before)
        });
        own.filter(|_| before != own)
    }
}

/// What is wrong with a declaration by itself.
fn declaration_errors(declaration: &ExtensionDeclaration) -> Vec<String> {
    let (Some(name), Some(type_)) = (&declaration.full_name, &declaration.type_) else {
        let half = declaration.full_name.is_some() != declaration.type_.is_some();
        if half || declaration.reserved != Some(true) {
            return vec![format!(
                "Extension declaration #{} should have both \"full_name\" and \"type\" set.",
                declaration.number.unwrap_or(0)
            )];
        }
        return Vec::new();
    };
    let is_message = !NOT_MESSAGES.contains(&type_.as_str());
    [Some(name), Some(type_).filter(|_| is_message)]
        .into_iter()
        .flatten()
        .filter_map(|symbol| match symbol.strip_prefix('.') {
            None => Some(format!(
                "\"{symbol}\" must have a leading dot to indicate the fully-qualified scope."
            )),
            Some(rest) if !rest.split('.').all(is_name) => {
                Some(format!("\"{symbol}\" contains invalid identifiers."))
            }
            Some(_) => None,
        })
        .collect()
}

/// Letters, digits and underscores, in any order: protoc asks for no more here.
fn is_name(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(crate::lexer::is_alphanumeric)
}

// Extensions that may not come by an `import option`.
impl Linker<'_> {
    /// Files that are imported for their options alone may declare no extension whose values are to be redacted: what is not linked in could not redact them. As protoc, it names the last one of a file.
    pub(super) fn check_redacted(&mut self, imports: &[Option<FileId>]) {
        for &import in imports.iter().flatten() {
            let file = &self.table[import];
            let mut extensions = file.extensions.clone();
            let mut messages = file.messages.clone();
            while let Some(id) = messages.pop() {
                extensions.extend(&self.table[id].extensions);
                messages.extend(&self.table[id].nested);
            }
            let redacted = extensions
                .into_iter()
                .rfind(|&id| self.has_redacted(id, import));
            if let Some(id) = redacted {
                let message = format!(
                    "Option dependency {} contains a custom option {} marked debug_redact, which is used to mark fields that need to be redacted in debug string APIs. Switch to a regular import or remove the debug_redact annotation to avoid potentially leaking sensitive data.",
                    self.table[import].name, self.table[id].full_name
                );
                self.findings.error(None, message);
            }
        }
    }

    /// Whether a field can hold a value of an enum, of the same file, that is marked `debug_redact`.
    fn has_redacted(&self, id: FieldId, file: FileId) -> bool {
        let mut seen = FxHashSet::default();
        let mut rest = vec![id];
        while let Some(id) = rest.pop() {
            let field = &self.table[id];
            if let Some(id) = field.enumeration
                && self.table[id].has_redacted
                && self.table[id].file == file
            {
                return true;
            }
            if let Some(id) = field.message
                && self.table[id].file == file
                && seen.insert(id)
            {
                rest.extend(&self.table[id].fields);
            }
        }
        false
    }
}
