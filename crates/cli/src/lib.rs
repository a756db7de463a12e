//! The `russet` command, as a library: the wheel's console script and the binary both call [`main`].
//!
//! `russet protoc ...` has protoc's own grammar and is [`protoc::main`]. Called by the name of one of our plugins, `protoc-gen-russet-python` and its kin, the command is that plugin.

mod plugin;
pub mod protoc;

use std::io::Write;
use std::path::Path;

use russet_codegen::Generator;

/// Russet's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const HELP: &str = "\
gRPC and Protocol Buffers for Python, with a core in Rust.

Usage: russet <COMMAND>

Commands:
  protoc     Compile .proto files; takes protoc's arguments (russet protoc --help)
  run        Run a Python program on Russet; of the Python package (russet run --help)

Options:
  --version  Print the version
  --help     Print this help
";

/// Runs the command. `args` starts with the program's name. Returns the exit code.
pub fn main(args: &[String]) -> i32 {
    let program = args.first().map(Path::new).and_then(Path::file_stem);
    let program = program.unwrap_or_default().to_string_lossy();
    if let Some(generator) = Generator::of_plugin(&program) {
        return plugin::main(generator, &program, &args[1..]);
    }
    match args.get(1).map(String::as_str) {
        Some("protoc") => protoc::main(&args[1..]),
        // The console script of the Python package has answered it already.
        Some("run") => {
            complain("russet: run is a command of the Python package: pip install russet\n");
            2
        }
        Some("--version" | "-V") => print(&format!("russet {VERSION}\n")),
        Some("--help" | "-h" | "help") => print(HELP),
        None => {
            complain(HELP);
            2
        }
        Some(other) => {
            complain(&format!(
                "russet: unknown command \"{other}\". Commands: protoc, run. See russet --help.\n"
            ));
            2
        }
    }
}

/// Writes to standard output; 1 where that fails, as with a closed pipe.
fn print(text: &str) -> i32 {
    i32::from(std::io::stdout().lock().write_all(text.as_bytes()).is_err())
}

/// Writes to standard error. Where that fails nobody is left to be told.
fn complain(text: &str) {
    let _unheard = std::io::stderr().lock().write_all(text.as_bytes());
}
