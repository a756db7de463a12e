"""Wrong files, and the lines that protoc 36.2 prints for them; `DIFFERENT` says where Russet prints other lines and why."""

HELPERS = {
    "ok.proto": 'syntax = "proto3";\npackage ok;\nmessage Ok {}\n',
    "uses_ok.proto": 'syntax = "proto3";\npackage uses;\nimport "ok.proto";\nmessage U { ok.Ok a = 1; }\n',
    "other.proto": 'syntax = "proto3";\nmessage Broken {\n',
    "two.proto": 'syntax = "proto2";\npackage two;\nenum E { A = 0; }\n',
    "lite.proto": 'syntax = "proto3";\npackage lite;\noption optimize_for = LITE_RUNTIME;\nmessage L {}\n',
}

# Name, source, lines.
WRONG = {
    "empty_statement_missing_semicolon": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1\n  int32 b = 2;\n}\n',
        [
            'empty_statement_missing_semicolon.proto:4:3: Expected ";".',
        ],
    ),
    "unknown_type": (
        'syntax = "proto3";\npackage p;\nmessage A {\n  Bogus a = 1;\n  repeated q.Bogus b = 2;\n}\n',
        [
            'unknown_type.proto:4:3: "Bogus" is not defined.',
            'unknown_type.proto:5:12: "q.Bogus" is not defined.',
        ],
    ),
    "duplicate_number": (
        'syntax = "proto3";\npackage p;\nmessage A {\n  int32 a = 1;\n  int32 b = 1;\n}\n',
        [
            'duplicate_number.proto:5:13: Field number 1 has already been used in "p.A" by field "a". Next available field number is 2.',
        ],
    ),
    "duplicate_number_gap": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1;\n  int32 b = 5;\n  int32 c = 5;\n reserved 2; }\n',
        [
            'duplicate_number_gap.proto:5:13: Field number 5 has already been used in "A" by field "b". Next available field number is 3.',
        ],
    ),
    "duplicate_name": (
        'syntax = "proto3";\npackage p;\nmessage A {\n  int32 a = 1;\n  string a = 2;\n}\nmessage A {}\nenum A { Z = 0; }\n',
        [
            'duplicate_name.proto:5:10: "a" is already defined in "p.A".',
            'duplicate_name.proto:7:9: "A" is already defined in "p".',
            'duplicate_name.proto:8:6: "A" is already defined in "p".',
        ],
    ),
    "bad_number_zero": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 0;\n  int32 b = 536870912;\n  int32 c = 19001;\n}\n',
        [
            "bad_number_zero.proto:3:13: Field numbers must be positive integers.",
            "bad_number_zero.proto:4:13: Field numbers cannot be greater than 536870911.",
            "bad_number_zero.proto:3:13: Suggested field numbers for A: 1, 2",
        ],
    ),
    "enum_not_zero": (
        'syntax = "proto3";\nenum E {\n  A = 1;\n}\n',
        [
            "enum_not_zero.proto:3:7: The first enum value must be zero for open enums.",
        ],
    ),
    "enum_empty": (
        'syntax = "proto3";\nenum E {\n}\n',
        [
            "enum_empty.proto:2:6: Enums must contain at least one value.",
        ],
    ),
    "enum_alias": (
        'syntax = "proto3";\nenum E {\n  A = 0;\n  B = 1;\n  C = 1;\n}\n',
        [
            'enum_alias.proto:5:7: "C" uses the same enum value as "B". If this is intended, set \'option allow_alias = true;\' to the enum definition. The next available enum value is 2.',
        ],
    ),
    "enum_alias_unneeded": (
        'syntax = "proto3";\nenum E {\n  option allow_alias = true;\n  A = 0;\n  B = 1;\n}\n',
        [
            "enum_alias_unneeded.proto:7:1: \"E\" declares support for enum aliases but no enum values share field numbers. Please remove the unnecessary 'option allow_alias = true;' declaration.",
        ],
    ),
    "enum_alias_false": (
        'syntax = "proto3";\nenum E {\n  option allow_alias = false;\n  A = 0;\n}\n',
        [
            "enum_alias_false.proto:6:1: \"E\" declares 'option allow_alias = false;' which has no effect. Please remove the declaration.",
        ],
    ),
    "enum_value_conflict": (
        'syntax = "proto3";\npackage p;\nenum E {\n  A = 0;\n}\nenum F {\n  A = 0;\n}\n',
        [
            'enum_value_conflict.proto:7:3: "A" is already defined in "p".',
            'enum_value_conflict.proto:7:3: Note that enum values use C++ scoping rules, meaning that enum values are siblings of their type, not children of it.  Therefore, "A" must be unique within "p", not just within "F".',
        ],
    ),
    "enum_value_conflict_global": (
        'syntax = "proto3";\nenum E {\n  A = 0;\n}\nenum F {\n  A = 0;\n}\n',
        [
            'enum_value_conflict_global.proto:6:3: "A" is already defined.',
            'enum_value_conflict_global.proto:6:3: Note that enum values use C++ scoping rules, meaning that enum values are siblings of their type, not children of it.  Therefore, "A" must be unique within the global scope, not just within "F".',
        ],
    ),
    "enum_prefix_conflict": (
        'syntax = "proto3";\nenum My {\n  MY_A = 0;\n  A = 1;\n}\n',
        [
            "enum_prefix_conflict.proto:4:3: Enum name A has the same name as MY_A if you ignore case and strip out the enum name prefix (if any). (If you are using allow_alias, please assign the same number to each enum value name.)",
        ],
    ),
    "json_conflict": (
        'syntax = "proto3";\nmessage A {\n  int32 foo_bar = 1;\n  int32 fooBar = 2;\n}\n',
        [
            'json_conflict.proto:4:9: The default JSON name of field "fooBar" ("fooBar") conflicts with the default JSON name of field "foo_bar".',
        ],
    ),
    "json_custom_conflict": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1 [json_name = "b"];\n  int32 b = 2;\n}\n',
        [
            'json_custom_conflict.proto:4:9: The default JSON name of field "b" ("b") conflicts with the custom JSON name of field "a".',
        ],
    ),
    "proto3_required": (
        'syntax = "proto3";\nmessage A {\n  required int32 a = 1;\n}\n',
        [
            "proto3_required.proto:3:12: Required fields are not allowed in proto3.",
        ],
    ),
    "proto3_default": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1 [default = 3];\n}\n',
        [
            "proto3_default.proto:3:26: Explicit default values are not allowed in proto3.",
        ],
    ),
    "proto3_group": (
        'syntax = "proto3";\nmessage A {\n  optional group B = 1 {\n    int32 c = 1;\n  }\n}\n',
        [
            "proto3_group.proto:3:12: Groups are not supported in proto3 syntax.",
        ],
    ),
    "proto3_extensions": (
        'syntax = "proto3";\nmessage A {\n  extensions 100 to 200;\n}\n',
        [
            "proto3_extensions.proto:3:14: Extension ranges are not allowed in proto3.",
        ],
    ),
    "proto2_no_label": (
        'syntax = "proto2";\nmessage A {\n  int32 a = 1;\n}\n',
        [
            'proto2_no_label.proto:3:3: Expected "required", "optional", or "repeated".',
        ],
    ),
    "reserved_use": (
        'syntax = "proto3";\nmessage A {\n  reserved 2, 5 to 7;\n  reserved "x";\n  int32 a = 6;\n  int32 x = 1;\n}\n',
        [
            'reserved_use.proto:3:15: Field "a" uses reserved number 6.',
            'reserved_use.proto:6:9: Field name "x" is reserved.',
            "reserved_use.proto:3:15: Suggested field numbers for A: 3",
        ],
    ),
    "reserved_overlap": (
        'syntax = "proto3";\nmessage A {\n  reserved 2 to 6, 5 to 7;\n  reserved "x", "x";\n}\n',
        [
            "reserved_overlap.proto:3:12: Reserved range 5 to 7 overlaps with already-defined range 2 to 6.",
            'reserved_overlap.proto:2:9: Field name "x" is reserved multiple times.',
        ],
    ),
    "reserved_bad": (
        'syntax = "proto3";\nmessage A {\n  reserved 6 to 2;\n  reserved 0;\n  reserved foo;\n}\n',
        [
            "reserved_bad.proto:5:12: Reserved names must be string literals. (Only editions supports identifiers.)",
        ],
    ),
    "enum_reserved": (
        'syntax = "proto3";\nenum A {\n  Z = 0;\n  B = 5;\n  reserved 5;\n  reserved "Z";\n}\n',
        [
            'enum_reserved.proto:3:3: Enum value "Z" is reserved.',
            'enum_reserved.proto:5:12: Enum value "B" uses reserved number 5.',
        ],
    ),
    "oneof_empty": (
        'syntax = "proto3";\nmessage A {\n  oneof x {\n  }\n}\n',
        [
            "oneof_empty.proto:4:3: Expected type name.",
        ],
    ),
    "oneof_label": (
        'syntax = "proto3";\nmessage A {\n  oneof x {\n    repeated int32 a = 1;\n  }\n}\n',
        [
            "oneof_label.proto:4:5: Fields in oneofs must not have labels (required / optional / repeated).",
        ],
    ),
    "oneof_map": (
        'syntax = "proto3";\nmessage A {\n  oneof x {\n    map<int32, int32> a = 1;\n  }\n}\n',
        [
            "oneof_map.proto:4:8: Map fields are not allowed in oneofs.",
        ],
    ),
    "map_repeated": (
        'syntax = "proto3";\nmessage A {\n  repeated map<int32, int32> a = 1;\n}\n',
        [
            "map_repeated.proto:3:15: Field labels (required/optional/repeated) are not allowed on map fields.",
        ],
    ),
    "map_key": (
        'syntax = "proto3";\nmessage A {\n  map<float, int32> a = 1;\n  map<A, int32> b = 2;\n  map<bytes, int32> c = 3;\n}\n',
        [
            "map_key.proto:3:3: Key in map fields cannot be float/double, bytes or message types.",
            "map_key.proto:4:3: Key in map fields cannot be float/double, bytes or message types.",
            "map_key.proto:5:3: Key in map fields cannot be float/double, bytes or message types.",
        ],
    ),
    "map_entry_conflict": (
        'syntax = "proto3";\nmessage A {\n  map<int32, int32> foo = 1;\n  message FooEntry {}\n}\n',
        [
            'map_entry_conflict.proto:4:11: "FooEntry" is already defined in "A".',
            "map_entry_conflict.proto:2:9: Expanded map entry type FooEntry conflicts with an existing nested message type.",
        ],
    ),
    "map_entry_option": (
        'syntax = "proto3";\nmessage A {\n  option map_entry = true;\n  int32 key = 1;\n  int32 value = 2;\n}\nmessage B { repeated A a = 1; }\n',
        [
            "map_entry_option.proto:3:10: map_entry should not be set explicitly. Use map<KeyType, ValueType> instead.",
        ],
    ),
    "unknown_option": (
        'syntax = "proto3";\noption bogus = true;\nmessage A {\n  option (foo.bar) = 3;\n  int32 a = 1 [x = 1];\n}\n',
        [
            'unknown_option.proto:5:16: Option "x" unknown. Ensure that your proto definition file imports the proto which defines the option (i.e. via import option after edition 2024).',
            'unknown_option.proto:2:8: Option "bogus" unknown. Ensure that your proto definition file imports the proto which defines the option (i.e. via import option after edition 2024).',
            'unknown_option.proto:4:10: Option "(foo.bar)" unknown. Ensure that your proto definition file imports the proto which defines the option (i.e. via import option after edition 2024).',
        ],
    ),
    "option_type": (
        'syntax = "proto3";\noption java_package = 3;\noption java_multiple_files = "yes";\noption optimize_for = FASTER;\n',
        [
            'option_type.proto:2:23: Value must be quoted string for string option "google.protobuf.FileOptions.java_package".',
        ],
    ),
    "option_type2": (
        'syntax = "proto3";\noption java_multiple_files = maybe;\n',
        [
            'option_type2.proto:2:30: Value must be "true" or "false" for boolean option "google.protobuf.FileOptions.java_multiple_files".',
        ],
    ),
    "option_twice": (
        'syntax = "proto3";\noption java_package = "a";\noption java_package = "b";\n',
        [
            'option_twice.proto:3:8: Option "java_package" was already set.',
        ],
    ),
    "packed_wrong": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1 [packed = true];\n  repeated string b = 2 [packed = true];\n}\n',
        [
            "packed_wrong.proto:3:3: [packed = true] can only be specified for repeated primitive fields.",
            "packed_wrong.proto:4:12: [packed = true] can only be specified for repeated primitive fields.",
        ],
    ),
    "lazy_wrong": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1 [lazy = true];\n  int32 b = 2 [jstype = JS_STRING];\n}\n',
        [
            "lazy_wrong.proto:3:3: [lazy = true] can only be specified for submessage fields.",
            "lazy_wrong.proto:4:3: jstype is only allowed on int64, uint64, sint64, fixed64 or sfixed64 fields.",
        ],
    ),
    "import_missing": (
        'syntax = "proto3";\nimport "nope.proto";\nimport "other.proto";\nmessage A {}\n',
        [
            "nope.proto: File not found.",
            "other.proto:3:1: Reached end of input in message definition (missing '}').",
            'import_missing.proto:2:1: Import "nope.proto" was not found or had errors.',
            'import_missing.proto:3:1: Import "other.proto" was not found or had errors.',
        ],
    ),
    "import_twice": (
        'syntax = "proto3";\nimport "ok.proto";\nimport "ok.proto";\nmessage A { ok.Ok a = 1; }\n',
        [
            'import_twice.proto:3:1: Import "ok.proto" was listed twice.',
        ],
    ),
    "import_self": (
        'syntax = "proto3";\nimport "import_self.proto";\n',
        [
            "import_self.proto:2:1: File recursively imports itself: import_self.proto -> import_self.proto",
        ],
    ),
    "import_unused": (
        'syntax = "proto3";\nimport "ok.proto";\nmessage A {\n  int32 a = 1 bogus;\n}\n',
        [
            'import_unused.proto:4:15: Expected ";".',
        ],
    ),
    "not_imported": (
        'syntax = "proto3";\nimport "uses_ok.proto";\nmessage A {\n  ok.Ok a = 1;\n  uses.U b = 2;\n}\n',
        [
            'not_imported.proto:4:3: "ok.Ok" seems to be defined in "ok.proto", which is not imported by "not_imported.proto".  To use it here, please add the necessary import.',
        ],
    ),
    "inner_scope": (
        'syntax = "proto3";\npackage a.ok;\nimport "ok.proto";\nmessage A {\n  ok.Ok a = 1;\n}\n',
        [
            'inner_scope.proto:5:3: "ok.Ok" is resolved to "a.ok.Ok", which is not defined. The innermost scope is searched first in name resolution. Consider using a leading \'.\'(i.e., ".ok.Ok") to start from the outermost scope.',
        ],
    ),
    "not_a_type": (
        'syntax = "proto3";\nmessage A {\n  A.b b = 1;\n}\nservice S { rpc M(E) returns (A); }\nenum E { Z = 0; }\n',
        [
            'not_a_type.proto:3:3: "A.b" is not a type.',
            'not_a_type.proto:5:19: "E" is not a message type.',
        ],
    ),
    "scalar_rpc": (
        'syntax = "proto3";\nservice S {\n  rpc M(int32) returns (string);\n}\n',
        [
            "scalar_rpc.proto:3:9: Expected message type.",
            "scalar_rpc.proto:3:25: Expected message type.",
        ],
    ),
    "rpc_missing": (
        'syntax = "proto3";\nmessage A {}\nservice S {\n  rpc M(A);\n  rpc N(A) returns (B);\n  foo;\n}\n',
        [
            'rpc_missing.proto:4:11: Expected "returns".',
            'rpc_missing.proto:6:3: Expected "rpc".',
        ],
    ),
    "unclosed": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1;\n',
        [
            "unclosed.proto:4:1: Reached end of input in message definition (missing '}').",
        ],
    ),
    "unmatched": (
        'syntax = "proto3";\nmessage A {\n}\n}\nmessage B {}\n',
        [
            'unmatched.proto:4:1: Expected top-level statement (e.g. "message").',
            'unmatched.proto:4:1: Unmatched "}".',
        ],
    ),
    "bad_syntax": (
        'syntax = "proto4";\nmessage A {}\n',
        [
            'bad_syntax.proto:1:10: Unrecognized syntax identifier "proto4".  This parser only recognizes "proto2" and "proto3".',
        ],
    ),
    "bad_edition": (
        'edition = "1999";\nmessage A {}\n',
        [
            'bad_edition.proto:1:11: Unknown edition "1999".',
        ],
    ),
    "top_level": (
        'syntax = "proto3";\nint32 a = 1;\nfoo bar;\nmessage A {}\n',
        [
            'top_level.proto:2:1: Expected top-level statement (e.g. "message").',
            'top_level.proto:3:1: Expected top-level statement (e.g. "message").',
        ],
    ),
    "bad_chars": (
        'syntax = "proto3";\nmessage A {\n  int32 \x01 a = 1;\n  int32 é = 2;\n}\n',
        [
            "bad_chars.proto:3:9: Invalid control characters encountered in text.",
            "bad_chars.proto:4:9: Interpreting non ascii codepoint 233.",
            "bad_chars.proto:4:9: Expected field name.",
        ],
    ),
    "bad_string": (
        'syntax = "proto3";\nimport "abc\nmessage A {}\n',
        [
            'bad_string.proto:2:12: Multiline strings are not allowed. Did you miss a "?.',
            'bad_string.proto:3:1: Expected ";".',
        ],
    ),
    "bad_escape": (
        'syntax = "proto3";\noption java_package = "a\\q";\noption go_package = "\\xg";\n',
        [
            "bad_escape.proto:2:26: Invalid escape sequence in string literal.",
            "bad_escape.proto:3:24: Expected hex digits for escape sequence.",
        ],
    ),
    "bad_numbers": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 08;\n  int32 b = 0xg;\n  int32 c = 1a;\n  int32 d = 99999999999;\n  int32 e = 1.5;\n}\n',
        [
            "bad_numbers.proto:3:14: Numbers starting with leading zero must be in octal.",
            "bad_numbers.proto:3:13: Integer out of range.",
            'bad_numbers.proto:4:15: "0x" must be followed by hex digits.',
            "bad_numbers.proto:4:15: Need space between number and identifier.",
            'bad_numbers.proto:4:15: Expected ";".',
            "bad_numbers.proto:5:14: Need space between number and identifier.",
            'bad_numbers.proto:5:14: Expected ";".',
            "bad_numbers.proto:6:13: Integer out of range.",
            "bad_numbers.proto:7:13: Expected field number.",
        ],
    ),
    "comment_unclosed": (
        'syntax = "proto3";\nmessage A {}\n/* never\nends\n',
        [
            "comment_unclosed.proto:5:1: End-of-file inside block comment.",
            "comment_unclosed.proto:3:1:   Comment started here.",
        ],
    ),
    "comment_nested": (
        'syntax = "proto3";\n/* a /* b */\nmessage A {}\n',
        [
            'comment_nested.proto:2:7: "/*" inside block comment.  Block comments cannot be nested.',
        ],
    ),
    "multiple_package": (
        'syntax = "proto3";\npackage a;\npackage b;\n',
        [
            "multiple_package.proto:3:1: Multiple package definitions.",
        ],
    ),
    "missing_name": (
        'syntax = "proto3";\nmessage {\n}\nenum {\n}\nservice {\n}\nmessage A { int32 = 1; int32 b 2; int32 c = ; }\n',
        [
            "missing_name.proto:2:9: Expected message name.",
            "missing_name.proto:4:6: Expected enum name.",
            "missing_name.proto:6:9: Expected service name.",
            "missing_name.proto:8:19: Expected field name.",
            "missing_name.proto:8:32: Missing field number.",
            "missing_name.proto:8:45: Expected field number.",
        ],
    ),
    "tab_column": (
        'syntax = "proto3";\nmessage A {\n\tBogus a = 1;\n}\n',
        [
            'tab_column.proto:3:9: "Bogus" is not defined.',
        ],
    ),
    "extend_proto3": (
        'syntax = "proto3";\nmessage A {}\nextend A {\n  int32 a = 1;\n}\n',
        [
            'extend_proto3.proto:4:13: "A" does not declare 1 as an extension number.',
        ],
    ),
    "extend_range": (
        'syntax = "proto2";\nmessage A { extensions 100 to 200; }\nextend A {\n  optional int32 a = 5;\n  required int32 b = 101;\n  optional int32 c = 102;\n  optional int32 d = 102;\n}\n',
        [
            "extend_range.proto:5:12: The extension b cannot be required.",
            'extend_range.proto:4:22: "A" does not declare 5 as an extension number.',
            'extend_range.proto:7:22: Extension number 102 has already been used in "A" by extension "c".',
        ],
    ),
    "extension_overlap": (
        'syntax = "proto2";\nmessage A {\n  extensions 1 to 5, 4 to 9;\n  optional int32 a = 3;\n  reserved 9;\n}\n',
        [
            'extension_overlap.proto:3:14: Extension range 1 to 5 includes field "a" (3).',
            "extension_overlap.proto:3:14: Extension range 4 to 9 overlaps with already-defined range 1 to 5.",
            "extension_overlap.proto:3:22: Extension range 4 to 9 overlaps with reserved range 9 to 9.",
            "extension_overlap.proto:3:14: Suggested field numbers for A: 10",
        ],
    ),
    "default_wrong": (
        'syntax = "proto2";\nenum E { Z = 0; }\nmessage A {\n  optional E e = 1 [default = Q];\n  optional E f = 2 [default = 5];\n  optional A g = 3 [default = "x"];\n  repeated int32 h = 4 [default = 1];\n}\n',
        [
            "default_wrong.proto:7:35: Repeated fields can't have default values.",
            'default_wrong.proto:4:31: Enum type "E" has no value named "Q".',
            "default_wrong.proto:5:31: Default value for an enum field must be an identifier.",
            "default_wrong.proto:6:31: Messages can't have default values.",
        ],
    ),
    "default_wrong2": (
        'syntax = "proto2";\nmessage A {\n  optional int32 e = 1 [default = "x"];\n  optional bool f = 2 [default = 1];\n  optional uint32 g = 3 [default = -1];\n  optional int32 h = 4 [default = 99999999999];\n optional string i = 5 [default = x];\n}\n',
        [
            "default_wrong2.proto:3:35: Expected integer for field default value.",
            'default_wrong2.proto:4:34: Expected "true" or "false".',
            "default_wrong2.proto:5:37: Unsigned field can't have negative default value.",
            "default_wrong2.proto:6:35: Integer out of range.",
            "default_wrong2.proto:7:35: Expected string for field default value.",
        ],
    ),
    "closed_enum_proto3": (
        'syntax = "proto3";\nimport "two.proto";\nmessage A {\n  two.E e = 1;\n}\n',
        [
            'closed_enum_proto3.proto:4:3: Enum type "two.E" is not an open enum, but is used in "A" which is a proto3 message type.',
        ],
    ),
    "message_set_field": (
        'syntax = "proto2";\nmessage A {\n  option message_set_wire_format = true;\n  optional int32 a = 1;\n  extensions 4 to max;\n}\n',
        [
            "message_set_field.proto:4:18: MessageSets cannot have fields, only extensions.",
        ],
    ),
    "nested_option": (
        'syntax = "proto3";\nimport "google/protobuf/descriptor.proto";\nmessage O { int32 a = 1; repeated O r = 2; O o = 3; }\nextend google.protobuf.MessageOptions { O o = 50000; repeated int32 ri = 50001; }\nmessage A {\n  option (o).b = 1;\n}\nmessage B { option (o).a.x = 1; }\nmessage C { option (o).r.a = 1; }\nmessage D { option (o) = { a: 1 b: 2 }; }\nmessage E { option (o).a = 1; option (o).a = 2; }\nmessage F { option (o) = 3; }\nmessage G { option (ri) = "x"; }\nmessage H { option (o) = { a: "s" }; }\n',
        [
            'nested_option.proto:6:10: Option "(o).b" unknown. Ensure that your proto definition file imports the proto which defines the option (i.e. via import option after edition 2024).',
            'nested_option.proto:8:20: Option "(o).a" is an atomic type, not a message.',
            'nested_option.proto:9:20: Option field "(o).r" is a repeated message. Repeated message options must be initialized using an aggregate value.',
            'nested_option.proto:10:26: Error while parsing option value for "o": Message type "O" has no field named "b".',
            'nested_option.proto:11:38: Option "(o).a" was already set.',
            'nested_option.proto:12:26: Option "o" is a message. To set the entire message, use syntax like "o = { <proto text format> }". To set fields within it, use syntax like "o.foo = value".',
            'nested_option.proto:13:27: Value must be integer, from -2147483648 to 2147483647, for int32 option "ri".',
            'nested_option.proto:14:26: Error while parsing option value for "o": Expected integer, got: "s"',
        ],
    ),
    "label_edition": (
        'edition = "2023";\nmessage A {\n  optional int32 a = 1;\n  required int32 b = 2;\n  reserved "x";\n}\n',
        [
            'label_edition.proto:3:3: Label "optional" is not supported in editions. By default, all singular fields have presence unless features.field_presence is set.',
            'label_edition.proto:4:3: Label "required" is not supported in editions, use features.field_presence = LEGACY_REQUIRED.',
            "label_edition.proto:5:12: Reserved names must be identifiers in editions, not string literals.",
        ],
    ),
    "edition_packed": (
        'edition = "2023";\nmessage A {\n  repeated int32 a = 1 [packed = true];\n  int32 b = 2 [features.repeated_field_encoding = PACKED];\n  int32 c = 3 [features.message_encoding = DELIMITED];\n}\n',
        [
            "edition_packed.proto:3:18: Field option packed is not allowed under editions.  Use the repeated_field_encoding feature to control this behavior.",
            "edition_packed.proto:4:9: Only repeated fields can specify repeated field encoding.",
            "edition_packed.proto:4:9: Only repeated primitive fields can specify PACKED repeated field encoding.",
            "edition_packed.proto:5:9: Only message fields can specify message encoding.",
        ],
    ),
    "lite_import": (
        'syntax = "proto3";\nimport "lite.proto";\nmessage A { lite.L l = 1; }\n',
        [
            'lite_import.proto:2:1: Files that do not use optimize_for = LITE_RUNTIME cannot import files which do use this option.  This file is not lite, but it imports "lite.proto" which is.',
        ],
    ),
    "deep": (
        'syntax = "proto3";\nmessage A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { message A { }}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}\n',
        [
            "deep.proto:2:373: Reached maximum recursion limit for nested messages.",
        ],
    ),
    "aggregate_open": (
        'syntax = "proto3";\noption (x) = { a: 1 \n',
        [
            "aggregate_open.proto:3:1: Unexpected end of stream while parsing aggregate value.",
        ],
    ),
    "neg_option": (
        'syntax = "proto3";\noption java_package = -x;\noption go_package = -"x";\noption optimize_for = ;\n',
        [
            "neg_option.proto:2:25: Identifier after '-' symbol must be inf or nan.",
            "neg_option.proto:3:22: Invalid '-' symbol before string.",
            "neg_option.proto:4:23: Expected option value.",
        ],
    ),
    "json_name_bad": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 1 [json_name = 5];\n  int32 b = 2 [json_name = "x", json_name = "y"];\n}\n',
        [
            "json_name_bad.proto:3:28: Expected string for JSON name.",
            'json_name_bad.proto:4:33: Already set option "json_name".',
        ],
    ),
    "enum_int": (
        'syntax = "proto3";\nenum A {\n  Z = 0;\n  B = 2147483648;\n  C;\n  D = -2147483649;\n}\n',
        [
            "enum_int.proto:4:7: Integer out of range.",
            "enum_int.proto:5:4: Missing numeric value for enum constant.",
            "enum_int.proto:6:8: Integer out of range.",
        ],
    ),
    "number_19000": (
        'syntax = "proto3";\nmessage A {\n  int32 a = 19001;\n}\n',
        [
            "number_19000.proto:3:13: Field numbers 19000 through 19999 are reserved for the protocol buffer library implementation.",
        ],
    ),
    "cycle_a": (
        'syntax = "proto3";\nimport "ok.proto";\nimport "cycle_b.proto";\nmessage A { ok.Ok a = 1; }\n',
        [
            "cycle_a.proto:3:1: File recursively imports itself: cycle_a.proto -> cycle_b.proto -> cycle_c.proto -> cycle_a.proto",
            'cycle_c.proto:3:1: Import "cycle_a.proto" was not found or had errors.',
            'cycle_b.proto:2:1: Import "cycle_c.proto" was not found or had errors.',
            'cycle_a.proto:3:1: Import "cycle_b.proto" was not found or had errors.',
        ],
    ),
    "cycle_b": (
        'syntax = "proto3";\nimport "cycle_c.proto";\n',
        [
            "cycle_b.proto:2:1: File recursively imports itself: cycle_b.proto -> cycle_c.proto -> cycle_a.proto -> cycle_b.proto",
            'cycle_a.proto:3:1: Import "cycle_b.proto" was not found or had errors.',
            'cycle_c.proto:3:1: Import "cycle_a.proto" was not found or had errors.',
            'cycle_b.proto:2:1: Import "cycle_c.proto" was not found or had errors.',
        ],
    ),
    "cycle_c": (
        'syntax = "proto3";\n\nimport "cycle_a.proto";\nmessage C { X y = 1; }\n',
        [
            "cycle_c.proto:3:1: File recursively imports itself: cycle_c.proto -> cycle_a.proto -> cycle_b.proto -> cycle_c.proto",
            'cycle_b.proto:2:1: Import "cycle_c.proto" was not found or had errors.',
            'cycle_a.proto:3:1: Import "cycle_b.proto" was not found or had errors.',
            'cycle_c.proto:3:1: Import "cycle_a.proto" was not found or had errors.',
        ],
    ),
    "no_syntax": (
        "message A { optional int32 a = 1; }\n",
        [
            "no_syntax.proto: warning: No edition or syntax specified for the proto file: no_syntax.proto. Please use 'edition = \"YYYY\";' or 'syntax = \"proto3\";' to specify one. (Defaulted to proto2 syntax.)",
        ],
    ),
    "warn_unused": (
        'syntax = "proto3";\nimport "ok.proto";\nmessage A {}\n',
        [
            "warn_unused.proto:2:1: warning: Import ok.proto is unused.",
        ],
    ),
    "case_json": (
        'syntax = "proto2";\nmessage A { optional int32 foo_bar = 1; optional int32 fooBar = 2; }\n',
        [
            'case_json.proto:2:56: warning: The default JSON name of field "fooBar" ("fooBar") conflicts with the default JSON name of field "foo_bar".',
        ],
    ),
    "visible": (
        'edition = "2024";\nexport service X {}\nexport message Y { local Z z = 1; }\n',
        [
            "visible.proto:2:8: 'local' and 'export' visibility modifiers are valid only on 'message' and 'enum'",
            "visible.proto:3:26: 'local' and 'export' visibility modifiers are valid only on 'message' and 'enum'",
        ],
    ),
    "import_option_old": (
        'syntax = "proto3";\nimport option "ok.proto";\n',
        [
            "import_option_old.proto:2:8: option import is not supported before edition 2024.",
        ],
    ),
    "weak24": (
        'edition = "2024";\nimport weak "ok.proto";\n',
        [
            "weak24.proto:2:8: weak import is not supported in edition 2024 and above. Consider using option import instead.",
        ],
    ),
    "agg_errors": (
        'syntax = "proto3";\nimport "google/protobuf/descriptor.proto";\nimport "google/protobuf/any.proto";\nenum E { Z = 0; }\nmessage O { int32 a = 1; repeated O r = 2; oneof x { O o = 3; bool b = 4; } E e = 5; float f = 6; string s = 7; google.protobuf.Any any = 8; }\nextend google.protobuf.MessageOptions { O o = 50000; }\nmessage A { option (o) = { a: 1 a: 2 }; }\nmessage B { option (o) = { o {} b: true }; }\nmessage C { option (o) = { e: Q }; }\nmessage D { option (o) = { b: maybe }; }\nmessage F { option (o) = { f: x }; }\nmessage G { option (o) = { s: 5 }; }\nmessage H { option (o) = { [foo.bar]: 5 }; }\nmessage I { option (o) = { any { [type.googleapis.com/X] {} } }; }\nmessage J { option (o) = { a 5 }; }\nmessage K { option (o) = { r [ { a: 1 } ; ] }; }\nmessage L { option (o) = { a: 99999999999 }; }\n',
        [
            'agg_errors.proto:7:26: Error while parsing option value for "o": Non-repeated field "a" is specified multiple times.',
            'agg_errors.proto:8:26: Error while parsing option value for "o": Field "b" is specified along with field "o", another member of oneof "x".',
            'agg_errors.proto:9:26: Error while parsing option value for "o": Unknown enumeration value of "Q" for field "e".',
            'agg_errors.proto:10:26: Error while parsing option value for "o": Invalid value for boolean field "b". Value: "maybe".',
            'agg_errors.proto:11:26: Error while parsing option value for "o": Expected double, got: x',
            'agg_errors.proto:12:26: Error while parsing option value for "o": Expected string, got: 5',
            'agg_errors.proto:13:26: Error while parsing option value for "o": Extension "foo.bar" is not defined or is not an extension of "O".',
            'agg_errors.proto:14:26: Error while parsing option value for "o": Could not find type "type.googleapis.com/X" stored in google.protobuf.Any.',
            'agg_errors.proto:15:26: Error while parsing option value for "o": Expected ":", found "5".',
            'agg_errors.proto:16:26: Error while parsing option value for "o": Expected ",", found ";".',
            'agg_errors.proto:17:26: Error while parsing option value for "o": Integer out of range (99999999999)',
        ],
    ),
}

DIFFERENT = {
    "deep": "protoc adds an error for each level that it leaves open",
    "number_19000": "protoc prints no position",
    "cycle_a": "protoc goes on linking a file whose imports failed",
    "cycle_b": "protoc goes on linking a file whose imports failed",
    "cycle_c": "protoc goes on linking a file whose imports failed",
    "no_syntax": "protoc prints the warning in the format of its log",
}
