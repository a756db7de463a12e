//! Bytes as choices in the grammar of `.proto` files. Names come from small sets, so that they meet: references resolve, names and numbers collide, options find their fields.

use std::fmt::Write;

/// The most statements of all files together, so that an input of many ones ends.
const MAX_STATEMENTS: usize = 200;

/// The deepest nesting of messages and of option values that is written.
const MAX_DEPTH: usize = 6;

const MESSAGES: &[&str] = &["A", "B", "C", "Outer", "Set"];
const ENUMS: &[&str] = &["E", "F", "Kind"];
const VALUES: &[&str] = &["ZERO", "ONE", "E_TWO", "KIND_UNSPECIFIED"];
const FIELDS: &[&str] = &["a", "b", "c", "foo_bar", "fooBar", "_a", "a1", "x_1"];
const EXTENSIONS: &[&str] = &["x", "y", "z", "opt_m", "opt_f"];
const PACKAGES: &[&str] = &["p", "p.q", "r", "p.A"];
const SCALARS: &[&str] = &[
    "int32", "string", "bytes", "bool", "double", "float", "uint64", "sint32", "fixed64",
    "sfixed32",
];
const OPTIONS_MESSAGES: &[&str] = &[
    "FileOptions",
    "MessageOptions",
    "FieldOptions",
    "OneofOptions",
    "EnumOptions",
    "EnumValueOptions",
    "ServiceOptions",
    "MethodOptions",
    "ExtensionRangeOptions",
];
const PLAIN_OPTIONS: &[&str] = &[
    "deprecated = true",
    "packed = true",
    "packed = false",
    "lazy = true",
    "jstype = JS_STRING",
    "ctype = CORD",
    "retention = RETENTION_SOURCE",
    "targets = TARGET_TYPE_FIELD",
    "targets = TARGET_TYPE_MESSAGE",
    "allow_alias = true",
    "message_set_wire_format = true",
    "map_entry = true",
    "optimize_for = LITE_RUNTIME",
    "java_package = \"x\"",
    "debug_redact = true",
    "deprecated_legacy_json_field_conflicts = true",
    "features.field_presence = IMPLICIT",
    "features.field_presence = LEGACY_REQUIRED",
    "features.enum_type = CLOSED",
    "features.repeated_field_encoding = EXPANDED",
    "features.utf8_validation = NONE",
    "features.message_encoding = DELIMITED",
    "features.json_format = LEGACY_BEST_EFFORT",
    "features.enforce_naming_style = STYLE2024",
    "features.default_symbol_visibility = STRICT",
    "features = { field_presence: EXPLICIT enum_type: OPEN }",
    "edition_defaults = { edition: EDITION_PROTO2 value: \"1\" }",
    "feature_support = { edition_introduced: EDITION_2023 edition_removed: EDITION_2024 }",
    "verification = UNVERIFIED",
    "declaration = { number: 100 full_name: \".p.x\" type: \"int32\" }",
    "declaration = { number: 101 reserved: true }",
    "idempotency_level = IDEMPOTENT",
    "uninterpreted_option = {}",
];

/// The text of one file for each name.
pub(crate) fn files(bytes: &[u8], names: &[&str]) -> Vec<Vec<u8>> {
    let mut writer = Writer {
        bytes,
        statements: 0,
        out: String::new(),
        editions: false,
    };
    (0..names.len())
        .map(|index| {
            writer.file(names, index);
            std::mem::take(&mut writer.out).into_bytes()
        })
        .collect()
}

struct Writer<'b> {
    bytes: &'b [u8],
    statements: usize,
    out: String,
    editions: bool,
}

impl Writer<'_> {
    /// The next choice; zero at the end, so zero must end every repetition.
    fn byte(&mut self) -> usize {
        let Some((&byte, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        byte.into()
    }

    fn below(&mut self, count: usize) -> usize {
        self.byte() % count
    }

    fn of<'l>(&mut self, list: &[&'l str]) -> &'l str {
        list[self.byte() % list.len()]
    }

    /// Whether another statement follows; never for ever.
    fn more(&mut self) -> bool {
        self.statements += 1;
        !self.bytes.is_empty() && self.statements < MAX_STATEMENTS && self.byte() % 5 != 0
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push(' ');
    }

    fn file(&mut self, names: &[&str], index: usize) {
        let syntax = self.below(6);
        self.editions = syntax >= 2;
        self.put(
            [
                "syntax = \"proto2\";",
                "syntax = \"proto3\";",
                "edition = \"2023\";",
                "edition = \"2024\";",
                "edition = \"2026\";",
                "edition = \"UNSTABLE\";",
            ][syntax],
        );
        if self.below(2) == 1 {
            let package = self.of(PACKAGES);
            let _ = writeln!(self.out, "package {package};");
        }
        self.put("import \"google/protobuf/descriptor.proto\";");
        // Later files only, but for a cycle now and then.
        for (other, name) in names.iter().enumerate() {
            let wanted = self.below(16);
            if wanted < 6 && (other > index || wanted == 5) {
                let kind = ["", "public", "weak", "option", "", ""][wanted];
                let _ = writeln!(self.out, "import {kind} \"{name}\";");
            }
        }
        while self.more() {
            match self.below(8) {
                0 => self.option_statement(),
                1 | 2 => self.extend(),
                3 => self.enumeration(),
                4 => self.service(),
                _ => self.message(0),
            }
            self.out.push('\n');
        }
    }

    fn visibility(&mut self) {
        match self.below(12) {
            0 => self.put("export"),
            1 => self.put("local"),
            _ => {}
        }
    }

    fn message(&mut self, depth: usize) {
        self.visibility();
        let name = self.of(MESSAGES);
        let _ = write!(self.out, "message {name} {{ ");
        while self.more() {
            match self.below(16) {
                0 => self.option_statement(),
                1 => self.enumeration(),
                2 if depth < MAX_DEPTH => self.message(depth + 1),
                3 => self.extend(),
                4 => self.extensions(),
                5 => self.reserved(),
                6 => self.oneof(depth),
                7 => self.map(),
                _ => self.field(depth, true),
            }
        }
        self.put("}");
    }

    fn number(&mut self) {
        let byte = self.byte();
        let number = match byte {
            0..=200 => byte,
            201..=220 => 19_000 + byte,
            221..=240 => 536_870_900 + byte % 16,
            _ => 50_000 + byte,
        };
        let _ = write!(self.out, "{number} ");
    }

    fn type_name(&mut self) {
        let package = self.below(8);
        if package < PACKAGES.len() {
            let dot = if self.below(2) == 0 { "." } else { "" };
            let _ = write!(self.out, "{dot}{}.", PACKAGES[package]);
        }
        for _ in 0..self.below(3) {
            let name = self.of(MESSAGES);
            let _ = write!(self.out, "{name}.");
        }
        let last = if self.below(3) == 0 { ENUMS } else { MESSAGES };
        let name = self.of(last);
        self.put(name);
    }

    fn any_type(&mut self) {
        if self.below(2) == 0 {
            let scalar = self.of(SCALARS);
            self.put(scalar);
        } else {
            self.type_name();
        }
    }

    fn label(&mut self) {
        let label = self.below(5);
        self.put(["optional", "repeated", "required", "", ""][label]);
    }

    fn field(&mut self, depth: usize, labels: bool) {
        if labels {
            self.label();
        }
        if self.below(10) == 0 && depth < MAX_DEPTH {
            let name = self.of(MESSAGES);
            let _ = write!(self.out, "group {name} = ");
            self.number();
            self.put("{");
            while self.more() {
                self.field(depth + 1, true);
            }
            self.put("}");
            return;
        }
        self.any_type();
        let names = if labels { FIELDS } else { EXTENSIONS };
        let name = self.of(names);
        let _ = write!(self.out, "{name} = ");
        self.number();
        self.options();
        self.put(";");
    }

    fn map(&mut self) {
        self.put("map <");
        let scalar = self.of(SCALARS);
        self.put(scalar);
        self.put(",");
        self.any_type();
        self.put(">");
        let name = self.of(FIELDS);
        let _ = write!(self.out, "{name} = ");
        self.number();
        self.options();
        self.put(";");
    }

    fn oneof(&mut self, depth: usize) {
        let name = self.of(FIELDS);
        let _ = write!(self.out, "oneof {name} {{ ");
        loop {
            if self.below(6) == 0 {
                self.option_statement();
            } else {
                self.field(depth, false);
            }
            if !self.more() {
                break;
            }
        }
        self.put("}");
    }

    fn ranges(&mut self) {
        loop {
            self.number();
            match self.below(4) {
                0 => {
                    self.put("to");
                    self.number();
                }
                1 => self.put("to max"),
                _ => {}
            }
            if self.below(3) != 1 {
                return;
            }
            self.put(",");
        }
    }

    fn extensions(&mut self) {
        self.put("extensions");
        self.ranges();
        self.options();
        self.put(";");
    }

    fn reserved(&mut self) {
        self.put("reserved");
        match (self.below(3), self.editions) {
            (0, true) => {
                let name = self.of(FIELDS);
                self.put(name);
            }
            (0, false) => {
                let name = self.of(FIELDS);
                let _ = write!(self.out, "\"{name}\" ");
            }
            _ => self.ranges(),
        }
        self.put(";");
    }

    fn extend(&mut self) {
        self.put("extend");
        if self.below(2) == 0 {
            self.type_name();
        } else {
            let name = self.of(OPTIONS_MESSAGES);
            let _ = write!(self.out, "google.protobuf.{name} ");
        }
        self.put("{");
        loop {
            if !self.editions {
                self.label();
            }
            self.field(MAX_DEPTH, false);
            if self.below(2) == 0 {
                break;
            }
        }
        self.put("}");
    }

    fn enumeration(&mut self) {
        self.visibility();
        let name = self.of(ENUMS);
        let _ = write!(self.out, "enum {name} {{ ");
        loop {
            match self.below(8) {
                0 => self.option_statement(),
                1 => self.reserved(),
                _ => {
                    let name = self.of(VALUES);
                    let number = self.below(8);
                    let sign = if self.below(8) == 0 { "-" } else { "" };
                    let _ = write!(self.out, "{name} = {sign}{number} ");
                    self.options();
                    self.put(";");
                }
            }
            if !self.more() {
                break;
            }
        }
        self.put("}");
    }

    fn service(&mut self) {
        self.put("service S {");
        while self.more() {
            if self.below(6) == 0 {
                self.option_statement();
                continue;
            }
            self.put("rpc");
            let name = self.of(MESSAGES);
            self.put(name);
            for keyword in ["", "returns"] {
                self.put(keyword);
                self.put("(");
                if self.below(3) == 0 {
                    self.put("stream");
                }
                self.type_name();
                self.put(")");
            }
            if self.below(3) == 0 {
                self.put("{");
                self.option_statement();
                self.put("}");
            } else {
                self.put(";");
            }
        }
        self.put("}");
    }

    fn options(&mut self) {
        if self.below(3) != 1 {
            return;
        }
        self.put("[");
        loop {
            match self.below(6) {
                0 => {
                    self.put("default =");
                    self.scalar();
                }
                1 => {
                    let name = self.of(FIELDS);
                    let _ = write!(self.out, "json_name = \"{name}\" ");
                }
                _ => self.option(),
            }
            if self.below(3) != 1 {
                break;
            }
            self.put(",");
        }
        self.put("]");
    }

    fn option_statement(&mut self) {
        self.put("option");
        self.option();
        self.put(";");
    }

    fn option(&mut self) {
        if self.below(2) == 0 {
            let option = self.of(PLAIN_OPTIONS);
            self.put(option);
            return;
        }
        let package = self.below(6);
        self.put("(");
        if package < PACKAGES.len() {
            let _ = write!(self.out, "{}.", PACKAGES[package]);
        }
        let name = self.of(EXTENSIONS);
        self.put(name);
        self.put(")");
        for _ in 0..self.below(3) {
            self.put(".");
            if self.below(4) == 0 {
                let name = self.of(EXTENSIONS);
                let _ = write!(self.out, "({name})");
            } else {
                let name = self.of(FIELDS);
                self.put(name);
            }
        }
        self.put("=");
        if self.below(2) == 0 {
            self.put("{");
            self.text_fields(0);
            self.put("}");
        } else {
            self.scalar();
        }
    }

    fn scalar(&mut self) {
        let scalar = self.of(&[
            "1",
            "-1",
            "0x10",
            "010",
            "1.5",
            "-1e400",
            "inf",
            "-nan",
            "true",
            "false",
            "\"s\" 't'",
            "'\\377\\u00e9'",
            "18446744073709551615",
            "4294967296",
            "ZERO",
            "E_TWO",
            "-9223372036854775808",
        ]);
        self.put(scalar);
    }

    fn text_fields(&mut self, depth: usize) {
        while self.more() {
            match self.below(8) {
                0 => {
                    let name = self.of(EXTENSIONS);
                    let _ = write!(self.out, "[{name}]");
                }
                1 => {
                    let name = self.of(EXTENSIONS);
                    let _ = write!(self.out, "[p.{name}]");
                }
                2 => {
                    let name = self.of(MESSAGES);
                    let _ = write!(self.out, "[type.googleapis.com/p.{name}]");
                }
                3 => {
                    let name = self.of(MESSAGES);
                    self.put(name);
                }
                _ => {
                    let name = self.of(FIELDS);
                    self.put(name);
                }
            }
            match self.below(5) {
                0 if depth < MAX_DEPTH => {
                    self.put("{");
                    self.text_fields(depth + 1);
                    self.put("}");
                }
                1 if depth < MAX_DEPTH => {
                    self.put(": <");
                    self.text_fields(depth + 1);
                    self.put(">");
                }
                2 => {
                    self.put(": [");
                    self.scalar();
                    self.put(",");
                    self.scalar();
                    self.put("]");
                }
                _ => {
                    self.put(":");
                    self.scalar();
                }
            }
            if self.below(4) == 0 {
                self.put(";");
            }
        }
    }
}
