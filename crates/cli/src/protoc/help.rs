//! What `--help` and `--notices` show.

use super::args::PATH_SEPARATOR;

/// What `--notices` shows.
pub(super) const NOTICES: &str = "\
russet protoc is part of Russet, licensed under the Apache License 2.0.
It has protoc's command line and none of its code.
";

pub(super) fn help(program: &str) -> String {
    format!(
        "\
Usage: {program} [OPTION] PROTO_FILES
Parse PROTO_FILES and generate output based on the options given:
  -IPATH, --proto_path=PATH   Look for imports in PATH; may be given several
                              times, and directories are searched in order.
                              Without it the current directory is searched.
                              VIRTUAL=PATH puts PATH at the virtual path.
  --version                   Show the version and exit.
  -h, --help                  Show this text and exit.
  --encode=MESSAGE_TYPE       Read a message of this type in text format from
                              standard input and write it in binary to
                              standard output.
  --deterministic_output      With --encode: entries of maps in the order of
                              their keys.
  --decode=MESSAGE_TYPE       The other way round.
  --decode_raw                Read a binary message from standard input and
                              write its tags and values to standard output.
  --descriptor_set_in=FILES   Take files from these FileDescriptorSets
                              (separated by '{PATH_SEPARATOR}') where no source is found.
  -oFILE, --descriptor_set_out=FILE
                              Write a FileDescriptorSet of the input files.
  --include_imports           With -o: all imported files too.
  --include_source_info       With -o: positions and comments too.
  --retain_options            With -o: options of source retention too.
  --dependency_out=FILE       Write a rule for make that names all sources.
  --error_format=FORMAT       gcc (the default) or msvs.
  --fatal_warnings            Fail if there are warnings.
  --print_free_field_numbers  Print the unused field numbers of each message.
  --direct_dependencies=FILES Files (separated by ':') that may be imported.
  --enable_codegen_trace      Ask plugins to trace what they generate.
  --edition_defaults_out=FILE Write the FeatureSetDefaults of the features in
                              the given files to FILE, for the editions from
                              --edition_defaults_minimum=EDITION to
                              --edition_defaults_maximum=EDITION.
  --option_dependencies=FILES Files that may be imported by \"import option\".
  --disallow_services         Refuse files that declare services.
  --notices                   Show what is said about licences and exit.
  --plugin=EXECUTABLE         Use a plugin that is not in the PATH;
                              NAME=EXECUTABLE gives it another name.
  --NAME_prefix=COMMAND       Run the plugin of --NAME_out through COMMAND.
  --unsafe_allow_out_dir_escape
                              Let generated files have \"..\" in their names.
  --python_out=[OPTIONS:]DIR  Generate Python modules (_pb2.py).
  --pyi_out=[OPTIONS:]DIR     Generate Python type stubs (_pb2.pyi), and with
                              --grpc_python_out those of its modules too.
  --grpc_python_out=[OPTIONS:]DIR
                              Generate gRPC stubs (_pb2_grpc.py).
  --grpc_pyi_out=[OPTIONS:]DIR
                              Generate type stubs for them (_pb2_grpc.pyi).
  --NAME_out=[OPTIONS:]DIR    Run the plugin protoc-gen-NAME.
  --NAME_opt=OPTIONS          More options for the generator NAME. Ours know
                              runtime=russet (the default); python and pyi
                              also runtime=google, grpc_python and grpc_pyi
                              also runtime=grpcio, for code that imports those;
                              imports=relative, so that the output directory
                              can be any package; absolute=FOLDER for what is
                              to be imported by its full name all the same;
                              init=true for __init__.py files, which never
                              replace one; pyi_out for the type stub too.
  @FILE                       Read arguments from FILE, one a line.
"
    )
}
