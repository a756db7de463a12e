//! A file's top level: syntax, package, imports, and what else may stand there.

use russet_descriptor::proto::{FileDescriptorProto, edition, symbol_visibility};

use super::{Failed, Parsed, Parser, Place, Syntax, VISIBILITY_MISPLACED, len, lossy, path};
use crate::editions::edition_number;
use crate::similar::closest;

/// What statements of a file start with.
const STATEMENTS: [&str; 10] = [
    "syntax", "edition", "package", "import", "option", "message", "enum", "service", "extend",
    "export",
];

impl Parser<'_> {
    pub(super) fn file(&mut self, file: &mut FileDescriptorProto) {
        self.take_comments();
        let root = self.push_place(None, &[]);
        let is_stated = self.at("syntax") || self.at("edition");
        if is_stated && self.syntax_statement(file, root).is_err() {
            return;
        }
        // Without either it is proto2; protoc's command does not warn of it.
        while !self.at_end() {
            if self.top_level_statement(file, root).is_err() {
                self.skip_statement();
                if self.at("}") {
                    self.error("Unmatched \"}\".");
                    self.take_comments();
                }
            }
        }
        self.end(root);
    }

    fn syntax_statement(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        // An edition stands where the syntax stands, also in source info.
        let place = self.place(root, &[path::FILE_SYNTAX]);
        let is_edition = self.eat("edition");
        if !is_edition {
            self.expect("syntax")?;
        }
        self.expect("=")?;
        let position = self.lexer.current().position;
        let name = self.string("Expected syntax identifier.")?;
        self.expect_end(";", Some(place))?;
        self.end(place);
        if is_edition {
            let Some(number) = edition_number(&name) else {
                let finding = self
                    .lexer
                    .findings
                    .error(Some(position), format!("Unknown edition \"{name}\"."));
                if let Some(finding) = finding {
                    finding.hint("the editions are \"2023\", \"2024\" and \"2026\"");
                }
                return Err(Failed);
            };
            self.syntax = Syntax::Editions;
            self.edition = number;
            file.syntax = Some("editions".to_owned());
            file.edition = Some(number);
            return Ok(());
        }
        (self.syntax, self.edition) = match name.as_str() {
            "proto2" => (Syntax::Proto2, edition::PROTO2),
            "proto3" => (Syntax::Proto3, edition::PROTO3),
            _ => {
                let message = format!(
                    "Unrecognized syntax identifier \"{name}\".  This parser only recognizes \"proto2\" and \"proto3\"."
                );
                self.error_at(position, message);
                return Err(Failed);
            }
        };
        if self.syntax == Syntax::Proto3 {
            // proto2 is what a file without a syntax is, so it is not written.
            file.syntax = Some(name);
        }
        Ok(())
    }

    fn top_level_statement(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        if self.eat_end(";", None) {
            return Ok(());
        }
        let keyword = self.lexer.current();
        match keyword.text {
            b"message" => {
                let place = self.place(root, &[path::FILE_MESSAGE, len(&file.message_type)]);
                let message = self.message(place, None)?;
                file.message_type.push(message);
                Ok(())
            }
            b"enum" => {
                let place = self.place(root, &[path::FILE_ENUM, len(&file.enum_type)]);
                let declared = self.enumeration(place, None)?;
                file.enum_type.push(declared);
                Ok(())
            }
            b"export" | b"local" if self.edition >= edition::EDITION_2024 => {
                self.visible_declaration(file, root)
            }
            b"service" => {
                let place = self.place(root, &[path::FILE_SERVICE, len(&file.service)]);
                let service = self.service(place)?;
                file.service.push(service);
                Ok(())
            }
            b"extend" => {
                let place = self.place(root, &[path::FILE_EXTENSION]);
                self.extend(
                    &mut file.extension,
                    &mut file.message_type,
                    root,
                    path::FILE_MESSAGE,
                    place,
                )
            }
            b"import" => self.import(file, root),
            b"package" => self.package(file, root),
            b"option" => {
                let place = self.place(root, &[path::FILE_OPTIONS]);
                let options = file.options.get_or_insert_default();
                self.option_statement(&mut options.uninterpreted_option, place)?;
                self.end(place);
                Ok(())
            }
            word => {
                let word = lossy(word);
                let hint =
                    closest(&word, STATEMENTS).map(|known| format!("did you mean \"{known}\"?"));
                self.error_with_hint("Expected top-level statement (e.g. \"message\").", hint);
                Err(Failed)
            }
        }
    }

    /// `export` or `local`, then `message` or `enum`.
    fn visible_declaration(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        let visibility = Some(self.visibility());
        if self.at("message") {
            let place = self.place(root, &[path::FILE_MESSAGE, len(&file.message_type)]);
            let message = self.message(place, visibility)?;
            file.message_type.push(message);
            Ok(())
        } else if self.at("enum") {
            let place = self.place(root, &[path::FILE_ENUM, len(&file.enum_type)]);
            let declared = self.enumeration(place, visibility)?;
            file.enum_type.push(declared);
            Ok(())
        } else {
            self.fail(VISIBILITY_MISPLACED)
        }
    }

    pub(super) fn visibility(&mut self) -> i32 {
        let exported = self.at("export");
        self.lexer.next();
        if exported {
            symbol_visibility::EXPORT
        } else {
            symbol_visibility::LOCAL
        }
    }

    fn package(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        if file.package.take().is_some() {
            self.error("Multiple package definitions.");
        }
        let place = self.place(root, &[path::FILE_PACKAGE]);
        self.expect("package")?;
        // What has been read counts even if the rest is wrong: a second package is reported all the same.
        let first = self.identifier("Expected identifier.")?;
        let name = file.package.insert(first);
        while self.eat(".") {
            name.push('.');
            self.push_identifier(name, "Expected identifier.")?;
        }
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }

    fn import(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        let place = self.place(root, &[path::FILE_DEPENDENCY, len(&file.dependency)]);
        self.expect("import")?;
        if self.at("option") {
            if self.edition < edition::EDITION_2024 {
                self.error("option import is not supported before edition 2024.");
            }
            let path = [path::FILE_OPTION_DEPENDENCY, len(&file.option_dependency)];
            self.locations.set_path(place.0, &path);
            self.lexer.next();
            let name = self.string("Expected a string naming the file to import.")?;
            file.option_dependency.push(name);
            self.expect_end(";", Some(place))?;
            self.end(place);
            return Ok(());
        }
        if !file.option_dependency.is_empty() {
            self.error(
                "imports should precede any option imports to ensure proto files can roundtrip.",
            );
        }
        let index = len(&file.dependency);
        if self.at("public") {
            let keyword = [path::FILE_PUBLIC_DEPENDENCY, len(&file.public_dependency)];
            self.place_token(root, &keyword, &self.lexer.current());
            self.lexer.next();
            file.public_dependency.push(index);
        } else if self.at("weak") {
            if self.edition >= edition::EDITION_2024 {
                self.error("weak import is not supported in edition 2024 and above. Consider using option import instead.");
            }
            let keyword = [path::FILE_WEAK_DEPENDENCY, len(&file.weak_dependency)];
            self.place_token(root, &keyword, &self.lexer.current());
            self.lexer.next();
            file.weak_dependency.push(index);
        }
        let name = self.string("Expected a string naming the file to import.")?;
        file.dependency.push(name);
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }
}
