//! protoc's end: the request for a plugin, and its answer turned into files.

use russet_descriptor::proto::{
    CodeGeneratorRequest, CodeGeneratorResponse, CompilerVersion, DescriptorProto,
    FileDescriptorProto, GeneratedFile, edition, plugin_feature,
};
use thiserror::Error;

use crate::python::octal_escape;
use crate::{FileError, GeneratedFiles};

/// What is wrong with a plugin's answer. The texts are protoc's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResponseError {
    /// The plugin says what is wrong.
    #[error("{0}")]
    Plugin(String),
    /// A file that can be added to no other.
    #[error("{0}: First file chunk returned by plugin did not specify a file name.")]
    NoName(String),
    /// A file that cannot be added.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file's language is newer than the plugin.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}

/// A file that a generator cannot handle. The texts are protoc's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unsupported {
    /// `optional` in proto3.
    #[error(
        "{file}: is a proto3 file that contains optional fields, but code generator {generator} hasn't been updated to support optional fields in proto3. Please ask the owner of this code generator to support proto3 optional."
    )]
    Proto3Optional {
        /// The file.
        file: String,
        /// The generator.
        generator: String,
    },
    /// A file with an edition.
    #[error(
        "{file}: is an editions file, but code generator {generator} hasn't been updated to support editions yet.  Please ask the owner of this code generator to add support or switch back to proto2/proto3.\n\nSee https://protobuf.dev/editions/overview/ for more information."
    )]
    Editions {
        /// The file.
        file: String,
        /// The generator.
        generator: String,
    },
    /// An edition below the generator's range.
    #[error(
        "{file}: is a file using edition {edition}, which isn't supported by code generator {generator}.  Please upgrade your file to at least edition {minimum}."
    )]
    TooOld {
        /// The file.
        file: String,
        /// The generator.
        generator: String,
        /// The file's edition.
        edition: String,
        /// The oldest that is supported.
        minimum: String,
    },
    /// An edition above the generator's range.
    #[error(
        "{file}: is a file using edition {edition}, which isn't supported by code generator {generator}.  Please ask the owner of this code generator to add support or switch back to a maximum of edition {maximum}."
    )]
    TooNew {
        /// The file.
        file: String,
        /// The generator.
        generator: String,
        /// The file's edition.
        edition: String,
        /// The newest that is supported.
        maximum: String,
    },
}

/// The files of a request, as every plugin of a run gets them; only the parameter differs.
pub struct Files {
    /// The names of the files to generate code for.
    pub to_generate: Vec<String>,
    /// These and all they import, imports first: as they are at run time, with `json_name` and source info.
    pub all: Vec<FileDescriptorProto>,
    /// The files to generate code for, with options of source retention.
    pub sources: Vec<FileDescriptorProto>,
}

/// A [`Files`] in wire form, of which each plugin's request is made.
pub struct RequestTemplate {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl RequestTemplate {
    /// `version` is protoc's, as it is reported to plugins.
    pub fn new(files: Files, version: [i32; 3]) -> Self {
        let head = CodeGeneratorRequest {
            file_to_generate: files.to_generate,
            ..CodeGeneratorRequest::default()
        };
        let [major, minor, patch] = version.map(Some);
        let tail = CodeGeneratorRequest {
            compiler_version: Some(CompilerVersion {
                major,
                minor,
                patch,
                suffix: Some(String::new()),
                ..CompilerVersion::default()
            }),
            proto_file: files.all,
            source_file_descriptors: files.sources,
            ..CodeGeneratorRequest::default()
        };
        Self {
            head: head.encode(),
            tail: tail.encode(),
        }
    }

    /// The request for a plugin, in wire form: the same bytes that protoc sends.
    pub fn request(&self, parameter: &str) -> Vec<u8> {
        let parameter = CodeGeneratorRequest {
            parameter: (!parameter.is_empty()).then(|| parameter.to_owned()),
            ..CodeGeneratorRequest::default()
        };
        [&self.head[..], &parameter.encode(), &self.tail].concat()
    }
}

/// Bytes as protoc shows them in a message: C's escapes, octal for what is not printable ASCII.
pub fn escape(bytes: &[u8]) -> String {
    octal_escape(bytes)
}

/// Adds what a plugin made to `files`. `generator` is its name, for messages; `parsed` are the files it was asked for. All that is wrong is reported.
pub fn apply(
    response: CodeGeneratorResponse,
    generator: &str,
    parsed: &[&FileDescriptorProto],
    files: &mut GeneratedFiles,
) -> Result<(), Vec<ResponseError>> {
    let mut errors: Vec<ResponseError> = [
        check_proto3_optional(&response, generator, parsed),
        check_editions(&response, generator, parsed),
    ]
    .into_iter()
    .filter_map(|checked| checked.err().map(ResponseError::Unsupported))
    .collect();
    if let Err(error) = add_files(response.file, generator, files) {
        errors.push(error);
    }
    if let Some(error) = response.error.filter(|error| !error.is_empty()) {
        errors.push(ResponseError::Plugin(error));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn add_files(
    made: Vec<GeneratedFile>,
    generator: &str,
    files: &mut GeneratedFiles,
) -> Result<(), ResponseError> {
    // A file without a name continues the one before it.
    let mut chunks: Vec<(String, String, Vec<u8>)> = Vec::new();
    for file in made {
        let (name, point) = (
            file.name.unwrap_or_default(),
            file.insertion_point.unwrap_or_default(),
        );
        let content = file.content.unwrap_or_default();
        if !name.is_empty() || !point.is_empty() {
            chunks.push((name, point, content));
        } else if let Some((_, _, whole)) = chunks.last_mut() {
            whole.extend_from_slice(&content);
        } else {
            return Err(ResponseError::NoName(generator.to_owned()));
        }
    }
    for (name, point, content) in chunks {
        if point.is_empty() {
            files.add(&name, content)?;
        } else {
            files.insert(&name, &point, &content)?;
        }
    }
    Ok(())
}

fn supports(response: &CodeGeneratorResponse, feature: i32) -> bool {
    response.supported_features.unwrap_or(0) & u64::from(feature.unsigned_abs()) != 0
}

fn check_proto3_optional(
    response: &CodeGeneratorResponse,
    generator: &str,
    parsed: &[&FileDescriptorProto],
) -> Result<(), Unsupported> {
    if supports(response, plugin_feature::PROTO3_OPTIONAL) {
        return Ok(());
    }
    match parsed.iter().find(|file| has_proto3_optional(file)) {
        None => Ok(()),
        Some(file) => Err(Unsupported::Proto3Optional {
            file: file.name.clone().unwrap_or_default(),
            generator: generator.to_owned(),
        }),
    }
}

fn check_editions(
    response: &CodeGeneratorResponse,
    generator: &str,
    parsed: &[&FileDescriptorProto],
) -> Result<(), Unsupported> {
    for file in parsed {
        let number = edition_of(file);
        let name = file.name.clone().unwrap_or_default();
        // Files of protobuf itself may be ahead of the generators.
        let is_own = name.starts_with("google/protobuf/") || name.starts_with("upb/");
        if number < edition::EDITION_2023 || is_own {
            continue;
        }
        let generator = generator.to_owned();
        if !supports(response, plugin_feature::SUPPORTS_EDITIONS) {
            return Err(Unsupported::Editions {
                file: name,
                generator,
            });
        }
        let minimum = response.minimum_edition.unwrap_or(0);
        let maximum = response.maximum_edition.unwrap_or(0);
        if number < minimum {
            return Err(Unsupported::TooOld {
                file: name,
                generator,
                edition: edition_text(number),
                minimum: edition_text(minimum),
            });
        }
        if number > maximum {
            return Err(Unsupported::TooNew {
                file: name,
                generator,
                edition: edition_text(number),
                maximum: edition_text(maximum),
            });
        }
    }
    Ok(())
}

/// The edition of a file; 0 for proto2 and proto3, which every generator knows.
fn edition_of(file: &FileDescriptorProto) -> i32 {
    match file.syntax.as_deref() {
        Some("editions") => file.edition.unwrap_or(0),
        _ => 0,
    }
}

fn edition_text(number: i32) -> String {
    edition::name(number).map_or_else(
        || number.to_string(),
        |name| name.strip_prefix("EDITION_").unwrap_or(name).to_owned(),
    )
}

fn has_proto3_optional(file: &FileDescriptorProto) -> bool {
    fn message(proto: &DescriptorProto) -> bool {
        proto
            .field
            .iter()
            .chain(&proto.extension)
            .any(|field| field.proto3_optional == Some(true))
            || proto.nested_type.iter().any(message)
    }
    file.message_type.iter().any(message)
        || file
            .extension
            .iter()
            .any(|field| field.proto3_optional == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, point: &str, content: &str) -> GeneratedFile {
        GeneratedFile {
            name: Some(name.to_owned()),
            insertion_point: Some(point.to_owned()),
            content: Some(content.as_bytes().to_vec()),
            ..GeneratedFile::default()
        }
    }

    fn applied(files: Vec<GeneratedFile>) -> Result<Vec<(String, Vec<u8>)>, Vec<ResponseError>> {
        let response = CodeGeneratorResponse {
            file: files,
            ..CodeGeneratorResponse::default()
        };
        let mut made = GeneratedFiles::new();
        apply(response, "protoc-gen-x", &[], &mut made)?;
        Ok(made
            .iter()
            .map(|(name, content)| (name.to_owned(), content.to_vec()))
            .collect())
    }

    #[test]
    fn a_file_without_a_name_continues_the_one_before_it() {
        let made = applied(vec![
            file("f", "", "@@protoc_insertion"),
            file("", "", "_point(p)"),
            file("f", "p", "a"),
            file("", "", "b"),
        ]);
        let expected = b"ab\n@@protoc_insertion_point(p)".to_vec();
        assert_eq!(made, Ok(vec![("f".to_owned(), expected)]));
        assert_eq!(
            applied(vec![file("", "", "a")]),
            Err(vec![ResponseError::NoName("protoc-gen-x".into())])
        );
    }

    #[test]
    fn files_a_plugin_does_not_understand_are_refused() {
        let of = |syntax: &str, edition: Option<i32>, name: &str| FileDescriptorProto {
            name: Some(name.to_owned()),
            syntax: Some(syntax.to_owned()),
            edition,
            ..FileDescriptorProto::default()
        };
        let proto3 = of("proto3", None, "a.proto");
        let modern = of("editions", Some(edition::EDITION_2023), "b.proto");
        let own = of(
            "editions",
            Some(edition::EDITION_2024),
            "google/protobuf/b.proto",
        );
        for (features, minimum, maximum, parsed, works) in [
            (0, 0, 0, &proto3, true),
            (0, 0, 0, &modern, false),
            (0, 0, 0, &own, true),
            (2, 998, 1000, &modern, true),
            (2, 998, 999, &modern, false),
            (2, 1001, 1001, &modern, false),
            (2, 1000, 1001, &proto3, true),
        ] {
            let response = CodeGeneratorResponse {
                supported_features: Some(features),
                minimum_edition: Some(minimum),
                maximum_edition: Some(maximum),
                ..CodeGeneratorResponse::default()
            };
            let made = apply(response, "g", &[parsed], &mut GeneratedFiles::new());
            assert_eq!(
                made.is_ok(),
                works,
                "{parsed:?} {features} {minimum} {maximum}"
            );
        }
    }
}
