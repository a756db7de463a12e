//! The generators by name, as `protoc` and plugins choose them.

use russet_parallel::map_chunks;

use crate::python::{self, Kind, Options};
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
    /// `--grpc_pyi_out`: `_pb2_grpc.pyi`.
    ServiceStubs,
}

type Generate = fn(&Schema<'_>, &str, &Options) -> Result<Output, GenerateError>;

/// Each generator with its name in flags and the name of the plugin that it is too.
const NAMES: [(Generator, &str, &str); 4] = [
    (Generator::Messages, "python", "protoc-gen-russet-python"),
    (Generator::Stubs, "pyi", "protoc-gen-russet-pyi"),
    (Generator::Services, "grpc_python", "protoc-gen-russet-grpc"),
    (
        Generator::ServiceStubs,
        "grpc_pyi",
        "protoc-gen-russet-grpc-pyi",
    ),
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
        let kind = match self {
            Self::Messages => Kind::Messages,
            Self::Stubs => Kind::Stubs,
            Self::Services | Self::ServiceStubs => Kind::Services,
        };
        let options = Options::parse(kind, parameter, names)?;
        let mut outputs = options.package_markers(names);
        let (code, stub): (Generate, Generate) = match kind {
            Kind::Services => (python::generate_services, python::generate_service_stubs),
            Kind::Messages | Kind::Stubs => (python::generate_messages, python::generate_stubs),
        };
        outputs.extend(map_chunks(names, |names| {
            let mut outputs = Vec::with_capacity(2 * names.len());
            for name in names {
                if matches!(self, Self::Messages | Self::Services) {
                    outputs.push(code(schema, name, &options)?);
                }
                if options.with_stubs || matches!(self, Self::Stubs | Self::ServiceStubs) {
                    outputs.push(stub(schema, name, &options)?);
                }
            }
            Ok(outputs)
        })?);
        Ok(outputs)
    }
}
