//! The generators by name, as `protoc` and plugins choose them.

use crate::python::{self, MessageOptions, ServiceOptions};
use crate::{GenerateError, Output, Schema};

/// A generator of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// `--python_out`: `_pb2.py`.
    Messages,
    /// `--pyi_out`: `_pb2.pyi`.
    Stubs,
    /// `--grpc_python_out`: `_pb2_grpc.py`.
    Services,
}

/// Each generator with its name in flags and the name of the plugin that it is too.
const NAMES: [(Generator, &str, &str); 3] = [
    (Generator::Messages, "python", "protoc-gen-russet-python"),
    (Generator::Stubs, "pyi", "protoc-gen-russet-pyi"),
    (Generator::Services, "grpc_python", "protoc-gen-russet-grpc"),
];

impl Generator {
    /// The generator of `--NAME_out`.
    pub fn of_flag(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(_, flag, _)| *flag == name)
            .map(|(generator, ..)| *generator)
    }

    /// The generator that the program `name` is.
    pub fn of_plugin(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(_, _, plugin)| *plugin == name)
            .map(|(generator, ..)| *generator)
    }

    /// The files made for `names`, which are files of the schema.
    pub fn generate(
        self,
        parameter: &str,
        schema: &Schema<'_>,
        names: &[String],
    ) -> Result<Vec<Output>, GenerateError> {
        let mut outputs = Vec::with_capacity(names.len());
        match self {
            Self::Messages => {
                let options = MessageOptions::parse(parameter)?;
                for name in names {
                    outputs.push(python::generate_messages(schema, name, options.runtime)?);
                    if options.with_stubs {
                        outputs.push(python::generate_stubs(schema, name, options.runtime)?);
                    }
                }
            }
            Self::Stubs => {
                let options = MessageOptions::parse(parameter)?;
                for name in names {
                    outputs.push(python::generate_stubs(schema, name, options.runtime)?);
                }
            }
            Self::Services => {
                let options = ServiceOptions::parse(parameter)?;
                for name in names {
                    outputs.push(python::generate_services(schema, name, options)?);
                }
            }
        }
        Ok(outputs)
    }
}
