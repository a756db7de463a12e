//! The `.proto` files that come with the compiler: the well-known types, `descriptor.proto` and the plugin protocol.

use crate::table::Table;

macro_rules! bundled {
    ($($name:literal)*) => {
        /// Virtual name and text of each bundled file.
        pub const FILES: &[(&str, &str)] = &[$((
            concat!("google/protobuf/", $name),
            include_str!(concat!("../protos/google/protobuf/", $name)),
        ),)*];
    };
}
bundled! {
    "any.proto" "api.proto" "c_sharp_features.proto" "compiler/plugin.proto" "cpp_features.proto" "cpp_file_options.proto" "cpp_options.proto" "descriptor.proto" "duration.proto" "empty.proto"
    "field_mask.proto" "go_features.proto" "java_features.proto" "json_enumvalue_options.proto" "json_options.proto" "source_context.proto" "struct.proto" "timestamp.proto" "type.proto"
    "wrappers.proto"
}

/// The text of a bundled file.
pub fn text(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(bundled, _)| *bundled == name)
        .map(|(_, text)| *text)
}

/// A table that knows `descriptor.proto` and nothing else, its names hidden.
pub(crate) fn builtin_table() -> Table {
    let mut table = Table::default();
    let name = "google/protobuf/descriptor.proto";
    let source = text(name).unwrap_or_default();
    let (mut file, parsed) = crate::parser::parse(name, source.as_bytes());
    let (_, linked) = crate::link::link(&mut table, &mut file, &[], false);
    let diagnostics: Vec<String> = parsed
        .into_diagnostics(name, &mut |_| None)
        .chain(linked.into_diagnostics(name, &mut |_| None))
        .map(|diagnostic| diagnostic.to_string())
        .collect();
    // A test compiles every bundled file, so this cannot happen in a build that passed.
    assert!(
        diagnostics.is_empty(),
        "the bundled descriptor.proto is wrong: {}",
        diagnostics.join("\n")
    );
    table.hide_names();
    table
}
