//! The compiler's command line, called in process.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use russet_cli::protoc::in_process::{Request, SetOptions};
use russet_codegen::Generator;
use russet_compiler::{Diagnostic, Severity};

/// Runs protoc with `argv`, the program's name first; returns the exit code. Other Python threads run meanwhile, unless messages are made: here they are Python objects.
#[pyfunction]
fn protoc_main(py: Python<'_>, argv: Vec<String>) -> i32 {
    if russet_cli::protoc::makes_messages(&argv) {
        return russet_cli::protoc::main(&argv);
    }
    py.detach(|| russet_cli::protoc::main(&argv))
}

/// Runs the `russet` command with `argv`, the program's name first; returns the exit code.
#[pyfunction]
fn russet_main(py: Python<'_>, argv: Vec<String>) -> i32 {
    let is_protoc = argv.get(1).is_some_and(|command| command == "protoc");
    if is_protoc && russet_cli::protoc::makes_messages(&argv[1..]) {
        return russet_cli::main(&argv);
    }
    py.detach(|| russet_cli::main(&argv))
}

/// File, line and column from one (none where the whole file is meant), whether it is an error, the message, the hint.
type Finding = (String, Option<(u32, u32)>, bool, String, Option<String>);

fn findings(found: Vec<Diagnostic>) -> Vec<Finding> {
    found
        .into_iter()
        .map(|diagnostic| {
            let is_error = diagnostic.severity == Severity::Error;
            let position = diagnostic.position;
            (
                diagnostic.file,
                position.map(|position| {
                    (
                        position.line.saturating_add(1),
                        position.column.saturating_add(1),
                    )
                }),
                is_error,
                diagnostic.message,
                diagnostic.hint,
            )
        })
        .collect()
}

/// Compiles files to the bytes of a `FileDescriptorSet`, which are absent where a finding is an error.
#[pyfunction]
#[pyo3(signature = (names, roots, texts, *, imports, source_info, source_options))]
fn protoc_descriptor_set(
    py: Python<'_>,
    names: Vec<String>,
    roots: Vec<(String, String)>,
    texts: Vec<(String, Vec<u8>)>,
    imports: bool,
    source_info: bool,
    source_options: bool,
) -> (Option<Bound<'_, PyBytes>>, Vec<Finding>) {
    let request = Request {
        names,
        roots,
        texts,
    };
    let options = SetOptions {
        imports,
        source_info,
        source_options,
    };
    let (set, found) = py.detach(|| request.descriptor_set(options));
    (set.map(|set| PyBytes::new(py, &set)), findings(found))
}

/// Compiles a file to the source of its `_pb2` or `_pb2_grpc` module: the source and the files it was made from, absent where a finding is an error.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "a tuple for Python to unpack")]
fn protoc_module(
    py: Python<'_>,
    name: String,
    roots: Vec<(String, String)>,
    services: bool,
) -> (
    Option<(String, Vec<(String, Option<String>)>)>,
    Vec<Finding>,
) {
    let request = Request {
        names: vec![name],
        roots,
        texts: Vec::new(),
    };
    let generator = if services {
        Generator::Services
    } else {
        Generator::Messages
    };
    let (module, found) = py.detach(|| request.module(generator));
    let module = module.map(|module| {
        let files = module.files.into_iter();
        let files = files.map(|(name, path)| (name, path.map(|path| path.display().to_string())));
        (module.source, files.collect())
    });
    (module, findings(found))
}

/// Adds this part to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(protoc_main, module)?)?;
    module.add_function(wrap_pyfunction!(protoc_descriptor_set, module)?)?;
    module.add_function(wrap_pyfunction!(protoc_module, module)?)?;
    module.add_function(wrap_pyfunction!(russet_main, module)?)
}
