//! What `--NAME_out` and `--NAME_opt` can say to the Python generators, and how generated modules name each other.

use std::collections::BTreeSet;

use super::{Runtime, file_name, is_importable, is_shipped, module_name};
use crate::{GenerateError, Output, parse_parameter};

/// The options of all four Python generators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `runtime=`: whose runtime the code imports.
    pub runtime: Runtime,
    /// `imports=relative`: generated modules import each other relative to their package, so that the output directory can be any package. What stays absolute: the well-known types, what [`Self::absolute`] names, and the files below `google/` that are not generated in the same run, since those come with a package of their own.
    pub relative: bool,
    /// `absolute=PREFIX`, any number of times: files below these folders are imported by their full name in spite of `imports=relative`.
    pub absolute: Vec<String>,
    /// `init=true`: directories get an `__init__.py`; with `imports=relative` the output directory itself too. One that is there stays as it is.
    pub init: bool,
    /// `pyi_out`: the stub is wanted too.
    pub with_stubs: bool,
    /// The files that are generated in this run.
    generated: BTreeSet<String>,
}

/// Which generator's options are read: not all know all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Messages,
    Stubs,
    Services,
}

impl Options {
    /// Reads a parameter such as `runtime=google,imports=relative`.
    pub(crate) fn parse(
        kind: Kind,
        parameter: &str,
        generated: &[String],
    ) -> Result<Self, GenerateError> {
        let mut options = Self {
            generated: generated.iter().cloned().collect(),
            ..Self::default()
        };
        for (name, value) in parse_parameter(parameter) {
            match name {
                "runtime" => options.runtime = runtime(kind, value)?,
                "imports" => {
                    options.relative =
                        choice(name, value, &[("absolute", false), ("relative", true)])?;
                }
                "absolute" if !value.is_empty() => {
                    options
                        .absolute
                        .push(value.trim_end_matches('/').to_owned());
                }
                "init" => options.init = choice(name, value, &[("true", true), ("false", false)])?,
                "pyi_out" if kind != Kind::Stubs => options.with_stubs = true,
                // Options of the originals that change nothing in their output.
                "annotate_code" | "experimental_strip_nonfunctional_codegen"
                    if kind != Kind::Services => {}
                "grpc_2_0" if kind == Kind::Services => {}
                _ => return Err(GenerateError::UnknownOption(name.to_owned())),
            }
        }
        Ok(options)
    }

    /// Whether a module is imported relative to its package.
    fn is_relative(&self, proto: &str) -> bool {
        let is_below = |folder: &str| {
            proto
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.relative
            && !is_shipped(proto)
            && !self.absolute.iter().any(|folder| is_below(folder))
            && (!is_below("google") || self.generated.contains(proto))
    }

    /// The statement that makes the module of `proto` known as `alias` in the module of `from`.
    pub(crate) fn import(&self, from: &str, proto: &str, alias: &str) -> Import {
        let module = self.module_from(from, proto);
        if !is_importable(module.trim_start_matches('.')) {
            let package = if module.starts_with('.') {
                ", __package__"
            } else {
                ""
            };
            return Import::ByName(format!(
                "{alias} = importlib.import_module('{module}'{package})"
            ));
        }
        let (package, name) = split_module(&module);
        Import::Statement(match package {
            "" => format!("import {name} as {alias}"),
            _ => format!("from {package} import {name} as {alias}"),
        })
    }

    /// The module of `proto` as a module of `from` writes it: its full name, or one that starts with dots.
    pub(crate) fn module_from(&self, from: &str, proto: &str) -> String {
        if !self.is_relative(proto) {
            return self.runtime.module(proto);
        }
        let (from, module) = (module_name(from), module_name(proto));
        let (from_package, _) = split_module(&from);
        let (package, name) = split_module(&module);
        let parts = |package: &'_ str| -> Vec<String> {
            package
                .split('.')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let (from_parts, to_parts) = (parts(from_package), parts(package));
        let shared = from_parts
            .iter()
            .zip(&to_parts)
            .take_while(|(one, other)| one == other)
            .count();
        let up = ".".repeat(from_parts.len() - shared + 1);
        let mut below = to_parts[shared..].to_vec();
        below.push(name.to_owned());
        format!("{up}{}", below.join("."))
    }

    /// What classes say as their `__module__`: a module that may stand in any package asks where it is.
    pub(crate) fn own_module(&self, proto: &str) -> String {
        if self.relative {
            "__name__".to_owned()
        } else {
            format!("'{}'", self.runtime.module(proto))
        }
    }

    /// The `__init__.py` files of the packages that hold the modules of these files.
    pub(crate) fn package_markers(&self, names: &[String]) -> Vec<Output> {
        let mut folders = BTreeSet::new();
        if self.init {
            if self.relative {
                folders.insert(String::new());
            }
            for name in names {
                let path = file_name(name, ".py");
                folders.extend(
                    path.match_indices('/')
                        .map(|(at, _)| path[..=at].to_owned()),
                );
            }
        }
        folders
            .into_iter()
            .map(|folder| Output {
                name: format!("{folder}__init__.py"),
                content: String::new(),
                is_package_marker: true,
            })
            .collect()
    }
}

/// How a module comes in.
pub(crate) enum Import {
    /// By an import statement.
    Statement(String),
    /// By a call of `importlib`, which must be imported.
    ByName(String),
}

/// Package and name; the dots of a relative name belong to the package.
fn split_module(module: &str) -> (&str, &str) {
    match module.rfind('.') {
        None => ("", module),
        Some(at) if module[..=at].bytes().all(|byte| byte == b'.') => module.split_at(at + 1),
        Some(at) => (&module[..at], &module[at + 1..]),
    }
}

fn runtime(kind: Kind, value: &str) -> Result<Runtime, GenerateError> {
    let (original, expected) = match kind {
        Kind::Services => ("grpcio", "runtime=russet or runtime=grpcio"),
        Kind::Messages | Kind::Stubs => ("google", "runtime=russet or runtime=google"),
    };
    match value {
        "russet" => Ok(Runtime::Russet),
        _ if value == original => Ok(Runtime::Original),
        _ => Err(GenerateError::UnknownRuntime {
            value: value.to_owned(),
            expected,
        }),
    }
}

fn choice(name: &str, value: &str, choices: &[(&str, bool)]) -> Result<bool, GenerateError> {
    choices
        .iter()
        .find(|(text, _)| *text == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| GenerateError::WrongValue {
            option: name.to_owned(),
            value: value.to_owned(),
            expected: choices
                .iter()
                .map(|(text, _)| format!("{name}={text}"))
                .collect::<Vec<_>>()
                .join(" or "),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(parameter: &str) -> Result<Options, GenerateError> {
        Options::parse(
            Kind::Messages,
            parameter,
            &["google/rpc/code.proto".to_owned()],
        )
    }

    #[test]
    fn options_are_read_or_refused() {
        let options = parse("runtime=google,pyi_out,init=true,imports=relative").unwrap();
        assert_eq!(options.runtime, Runtime::Original);
        assert!(options.with_stubs && options.init && options.relative);
        assert!(matches!(parse("x=1"), Err(GenerateError::UnknownOption(name)) if name == "x"));
        assert!(matches!(
            parse("runtime=x"),
            Err(GenerateError::UnknownRuntime { .. })
        ));
        assert_eq!(
            parse("imports=x").unwrap_err().to_string(),
            "Unknown value \"x\" of imports: use imports=absolute or imports=relative"
        );
    }

    #[test]
    fn modules_are_named_from_where_they_are_imported() {
        let options = parse("imports=relative,absolute=other/lib/").unwrap();
        for (from, proto, module) in [
            ("a.proto", "b.proto", ".b_pb2"),
            ("a.proto", "x/y/b.proto", ".x.y.b_pb2"),
            ("x/a.proto", "b.proto", "..b_pb2"),
            ("x/a.proto", "x/b-c.proto", ".b_c_pb2"),
            ("x/y/a.proto", "x/z/b.proto", "..z.b_pb2"),
            ("x/y/a.proto", "w/b.proto", "...w.b_pb2"),
            (
                "a.proto",
                "google/protobuf/any.proto",
                "russet.protobuf.any_pb2",
            ),
            (
                "a.proto",
                "google/rpc/status.proto",
                "google.rpc.status_pb2",
            ),
            (
                "google/rpc/status.proto",
                "google/rpc/code.proto",
                ".code_pb2",
            ),
            ("other/x.proto", "other/lib/a.proto", "other.lib.a_pb2"),
        ] {
            assert_eq!(options.module_from(from, proto), module, "{from} {proto}");
        }
        for (from, proto, statement) in [
            ("a.proto", "b.proto", "from . import b_pb2 as m"),
            ("x/a.proto", "y/b.proto", "from ..y import b_pb2 as m"),
            (
                "a.proto",
                "in/b.proto",
                "m = importlib.import_module('.in.b_pb2', __package__)",
            ),
        ] {
            let (Import::Statement(found) | Import::ByName(found)) =
                options.import(from, proto, "m");
            assert_eq!(found, statement);
        }
    }

    #[test]
    fn packages_get_their_marker_once() {
        let names = ["x/y/a.proto", "x/b.proto"].map(str::to_owned);
        let markers = |parameter: &str| -> Vec<String> {
            let options = parse(parameter).unwrap();
            let outputs = options.package_markers(&names);
            outputs.into_iter().map(|output| output.name).collect()
        };
        assert_eq!(markers("init=true"), ["x/__init__.py", "x/y/__init__.py"]);
        assert_eq!(
            markers("init=true,imports=relative"),
            ["__init__.py", "x/__init__.py", "x/y/__init__.py"]
        );
        assert!(markers("").is_empty());
    }
}
