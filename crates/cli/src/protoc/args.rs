//! The flags.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use russet_compiler::edition_of_name;
use russet_descriptor::proto::edition;

use super::inputs::os_text;

/// What an argument that names a file of arguments starts with. Such a file cannot name others.
const ARGUMENT_FILE_PREFIX: char = '@';

/// The largest `@argfile`, in bytes.
const MAX_ARGUMENT_FILE: u64 = 16 << 20;

/// What lists of paths are separated by.
#[cfg(windows)]
pub(super) const PATH_SEPARATOR: char = ';';
#[cfg(not(windows))]
pub(super) const PATH_SEPARATOR: char = ':';

/// How errors are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// `file:line:column: message`
    #[default]
    Gcc,
    /// `file(line) : error in column=column: message`
    Msvs,
}

/// What is asked for. The flags of one exclude those of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Outputs are written.
    #[default]
    Compile,
    /// `--encode`: text to binary, of this message type.
    Encode(String),
    /// `--decode`: binary to text, of this message type.
    Decode(String),
    /// `--decode_raw`: binary to text, without a schema.
    DecodeRaw,
    /// `--print_free_field_numbers`.
    FreeFieldNumbers,
}

/// One `--NAME_out`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutputDirective {
    /// `python` of `--python_out`.
    pub(super) name: String,
    pub(super) parameter: String,
    /// A directory, or a `.zip` or `.jar` to be made.
    pub(super) location: String,
}

/// What the command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
pub(super) struct Arguments {
    pub(super) mode: Mode,
    /// Virtual path and path on disk.
    pub(super) roots: Vec<(String, String)>,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<OutputDirective>,
    /// Executables by plugin name, `protoc-gen-x`.
    pub(super) plugins: Vec<(String, String)>,
    /// What runs the plugin of `--NAME_out`, by `NAME`: a program and its arguments.
    pub(super) prefixes: HashMap<String, Vec<String>>,
    pub(super) descriptor_set_in: Vec<String>,
    pub(super) descriptor_set_out: Option<String>,
    pub(super) dependency_out: Option<String>,
    pub(super) edition_defaults: EditionDefaults,
    pub(super) include_imports: bool,
    pub(super) include_source_info: bool,
    pub(super) retain_options: bool,
    pub(super) error_format: ErrorFormat,
    pub(super) fatal_warnings: bool,
    /// Names of generated files may have `..` in them.
    pub(super) allow_escape: bool,
    /// Plugins are told to say what made which part of their output.
    pub(super) codegen_trace: bool,
    /// With `--encode`: entries of maps in the order of their keys.
    pub(super) deterministic: bool,
    /// Editions that are not finished are accepted.
    pub(super) experimental_editions: bool,
    /// Services are an error.
    pub(super) disallow_services: bool,
    pub(super) direct_dependencies: Allowed,
    pub(super) option_dependencies: Allowed,
    pub(super) warnings: Vec<String>,
}

/// What `--edition_defaults_*` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EditionDefaults {
    pub(super) out: Option<String>,
    /// The range of editions.
    pub(super) minimum: Option<i32>,
    pub(super) maximum: Option<i32>,
}

/// What files may be imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    /// `None` where everything may be.
    pub(super) files: Option<Vec<String>>,
    /// What is said of another one, with `%s` for its name.
    pub(super) message: String,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Help,
    Version,
    Notices,
    Run(Box<Arguments>),
}

/// Flags that take no value.
const WITHOUT_VALUE: [&str; 15] = [
    "-h",
    "--help",
    "--disallow_services",
    "--include_imports",
    "--include_source_info",
    "--retain_options",
    "--version",
    "--decode_raw",
    "--notices",
    "--experimental_allow_proto3_optional",
    "--experimental_editions",
    "--print_free_field_numbers",
    "--deterministic_output",
    "--fatal_warnings",
    "--unsafe_allow_out_dir_escape",
];

const DIRECT_DEPENDENCIES_MESSAGE: &str =
    "File is imported but not declared in --direct_dependencies: %s";
const OPTION_DEPENDENCIES_MESSAGE: &str =
    "File is option imported but not declared in --option_dependencies: %s";

pub(super) fn parse(program: &str, args: &[String]) -> Result<Parsed, String> {
    let args = expand(args)?;
    if args.is_empty() {
        return Ok(Parsed::Help);
    }
    let mut parser = Parser {
        arguments: Arguments {
            direct_dependencies: Allowed {
                files: None,
                message: DIRECT_DEPENDENCIES_MESSAGE.to_owned(),
            },
            option_dependencies: Allowed {
                files: None,
                message: OPTION_DEPENDENCIES_MESSAGE.to_owned(),
            },
            ..Arguments::default()
        },
        options: Vec::new(),
        program,
    };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let (name, value) = split(arg);
        let value = match value {
            Some(value) => value,
            None if !name.starts_with('-') || WITHOUT_VALUE.contains(&name.as_str()) => {
                String::new()
            }
            None => match rest.next() {
                Some(next) if !next.starts_with('-') || next.len() == 1 => next.clone(),
                _ => return Err(format!("Missing value for flag: {name}")),
            },
        };
        if let Some(done) = parser.flag(&name, value)? {
            return Ok(done);
        }
    }
    parser
        .finish()
        .map(|arguments| Parsed::Run(Box::new(arguments)))
}

/// Replaces each `@file` by its lines.
fn expand(args: &[String]) -> Result<Vec<String>, String> {
    let mut expanded = Vec::with_capacity(args.len());
    for arg in args {
        let Some(path) = arg.strip_prefix(ARGUMENT_FILE_PREFIX) else {
            expanded.push(arg.clone());
            continue;
        };
        let failed = |error: &dyn std::fmt::Display| {
            format!("Failed to open argument file: {path}: {error}")
        };
        let size = fs::metadata(path)
            .map_err(|error| failed(&os_text(&error)))?
            .len();
        if size > MAX_ARGUMENT_FILE {
            return Err(failed(&format!("larger than {MAX_ARGUMENT_FILE} bytes")));
        }
        let text = fs::read_to_string(path).map_err(|error| failed(&os_text(&error)))?;
        expanded.extend(
            text.lines()
                .map(|line| line.trim_end_matches('\r'))
                .filter(|line| !line.is_empty())
                .map(str::to_owned),
        );
    }
    Ok(expanded)
}

/// Name and value: `--name=value`, `-nvalue`, `--name`.
fn split(arg: &str) -> (String, Option<String>) {
    if !arg.starts_with('-') {
        return (String::new(), Some(arg.to_owned()));
    }
    if arg.starts_with("--") {
        return match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg.to_owned(), None),
        };
    }
    match arg.char_indices().nth(2) {
        // -Ipath; "-I=path" too.
        Some((at, _)) => {
            let value = &arg[at..];
            let value = value.strip_prefix('=').unwrap_or(value);
            (arg[..at].to_owned(), Some(value.to_owned()))
        }
        None => (arg.to_owned(), None),
    }
}

struct Parser<'p> {
    program: &'p str,
    arguments: Arguments,
    /// `--NAME_opt`: name and value.
    options: Vec<(String, String)>,
}

impl Parser<'_> {
    fn flag(&mut self, name: &str, value: String) -> Result<Option<Parsed>, String> {
        let arguments = &mut self.arguments;
        match name {
            "" => {
                if value.is_empty() {
                    return Err(format!(
                        "You seem to have passed an empty string as one of the arguments to {}.  This is actually sort of hard to do.  Congrats.  Unfortunately it is not valid input so the program is going to die now.",
                        self.program
                    ));
                }
                arguments.inputs.push(value);
            }
            "-I" | "--proto_path" => self.proto_path(&value)?,
            "-h" | "--help" => return Ok(Some(Parsed::Help)),
            "--version" => return Ok(Some(Parsed::Version)),
            "--notices" => return Ok(Some(Parsed::Notices)),
            "-o" | "--descriptor_set_out" => {
                if arguments.descriptor_set_out.is_some() {
                    return Err(format!("{name} may only be passed once."));
                }
                if value.is_empty() {
                    return Err(format!("{name} requires a non-empty value."));
                }
                if arguments.mode != Mode::Compile {
                    return Err("Cannot use --encode or --decode and generate descriptors at the same time.".to_owned());
                }
                arguments.descriptor_set_out = Some(value);
            }
            "--dependency_out" => {
                if arguments.dependency_out.is_some() {
                    return Err(format!("{name} may only be passed once."));
                }
                if value.is_empty() {
                    return Err(format!("{name} requires a non-empty value."));
                }
                if !arguments.descriptor_set_in.is_empty() {
                    return Err(format!("{name} cannot be used with --descriptor_set_in."));
                }
                arguments.dependency_out = Some(value);
            }
            "--descriptor_set_in" => {
                if !arguments.descriptor_set_in.is_empty() {
                    return Err(format!(
                        "{name} may only be passed once. To specify multiple descriptor sets, pass them all as a single parameter separated by '{PATH_SEPARATOR}'."
                    ));
                }
                if value.is_empty() {
                    return Err(format!("{name} requires a non-empty value."));
                }
                if arguments.dependency_out.is_some() {
                    return Err(format!("{name} cannot be used with --dependency_out."));
                }
                arguments.descriptor_set_in =
                    value.split(PATH_SEPARATOR).map(str::to_owned).collect();
            }
            "--include_imports" => arguments.include_imports = true,
            "--include_source_info" => arguments.include_source_info = true,
            "--retain_options" => arguments.retain_options = true,
            "--fatal_warnings" => arguments.fatal_warnings = true,
            "--experimental_editions" => arguments.experimental_editions = true,
            // It is accepted anyway.
            "--experimental_allow_proto3_optional" => {}
            "--deterministic_output" => arguments.deterministic = true,
            "--disallow_services" => arguments.disallow_services = true,
            "--decode_raw" => {
                if !value.is_empty() {
                    return Err("--decode_raw does not take a parameter.".to_owned());
                }
                self.coding_mode(name, Mode::DecodeRaw)?;
            }
            "--encode" | "--decode" => {
                if value.is_empty() {
                    let hint = match name {
                        "--decode" => "\nTo decode an unknown message, use --decode_raw.",
                        _ => "",
                    };
                    return Err(format!("Type name for {name} cannot be blank.{hint}"));
                }
                let mode = match name {
                    "--decode" => Mode::Decode(value),
                    _ => Mode::Encode(value),
                };
                self.coding_mode(name, mode)?;
            }
            "--print_free_field_numbers" => {
                if arguments.mode != Mode::Compile {
                    return Err(format!(
                        "Cannot use {name} and use --encode, --decode or print other info at the same time."
                    ));
                }
                self.refuse_outputs(name)?;
                self.arguments.mode = Mode::FreeFieldNumbers;
            }
            "--direct_dependencies" => allow(&mut arguments.direct_dependencies, name, &value)?,
            "--option_dependencies" => allow(&mut arguments.option_dependencies, name, &value)?,
            "--direct_dependencies_violation_msg" => {
                arguments.direct_dependencies.message = value;
            }
            "--option_dependencies_violation_msg" => {
                arguments.option_dependencies.message = value;
            }
            "--error_format" => {
                arguments.error_format = match value.as_str() {
                    "gcc" => ErrorFormat::Gcc,
                    "msvs" => ErrorFormat::Msvs,
                    _ => return Err(format!("Unknown error format: {value}")),
                };
            }
            "--plugin" => {
                let plugin = if let Some((plugin, path)) = value.split_once('=') {
                    (plugin.to_owned(), path.to_owned())
                } else {
                    let base = Path::new(&value).file_stem();
                    let base = base.map(|base| base.to_string_lossy().into_owned());
                    (base.unwrap_or_default(), value)
                };
                arguments.plugins.push(plugin);
            }
            "--unsafe_allow_out_dir_escape" => arguments.allow_escape = true,
            "--edition_defaults_out" => {
                let out = &mut arguments.edition_defaults.out;
                if out.is_some() {
                    return Err(format!("{name} may only be passed once."));
                }
                if value.is_empty() {
                    return Err(format!("{name} requires a non-empty value."));
                }
                *out = Some(value);
            }
            "--edition_defaults_minimum" => {
                edition_bound(&mut arguments.edition_defaults.minimum, name, &value)?;
            }
            "--edition_defaults_maximum" => {
                edition_bound(&mut arguments.edition_defaults.maximum, name, &value)?;
            }
            "--enable_codegen_trace" => arguments.codegen_trace = true,
            _ => return self.generator_flag(name, value).map(|()| None),
        }
        Ok(None)
    }

    /// Sets a mode that reads standard input.
    fn coding_mode(&mut self, name: &str, mode: Mode) -> Result<(), String> {
        if self.arguments.mode != Mode::Compile {
            return Err("Only one of --encode and --decode can be specified.".to_owned());
        }
        self.refuse_outputs(name)?;
        self.arguments.mode = mode;
        Ok(())
    }

    fn refuse_outputs(&self, name: &str) -> Result<(), String> {
        if self.arguments.outputs.is_empty() && self.arguments.descriptor_set_out.is_none() {
            return Ok(());
        }
        Err(format!(
            "Cannot use {name} and generate code or descriptors at the same time."
        ))
    }

    fn proto_path(&mut self, value: &str) -> Result<(), String> {
        for part in value.split(PATH_SEPARATOR) {
            let (virtual_path, disk_path) = part.split_once('=').unwrap_or(("", part));
            if disk_path.is_empty() {
                return Err(
                    "--proto_path passed empty directory name.  (Use \".\" for current directory.)"
                        .to_owned(),
                );
            }
            if !Path::new(disk_path).exists() {
                self.arguments
                    .warnings
                    .push(format!("{disk_path}: warning: directory does not exist."));
            }
            self.arguments
                .roots
                .push((virtual_path.to_owned(), disk_path.to_owned()));
        }
        Ok(())
    }

    /// `--NAME_out` and `--NAME_opt`.
    fn generator_flag(&mut self, name: &str, value: String) -> Result<(), String> {
        if let Some(generator) = name
            .strip_prefix("--")
            .and_then(|name| name.strip_suffix("_opt"))
        {
            self.options.push((generator.to_owned(), value));
            return Ok(());
        }
        if let Some(generator) = name
            .strip_prefix("--")
            .and_then(|name| name.strip_suffix("_prefix"))
        {
            if value.is_empty() {
                return Err(format!("{name} requires a non-empty value."));
            }
            if value.contains(['"', '\'']) {
                return Err(format!(
                    "{name}: quotes are not supported in the value. Use a wrapper script for more complex invocations."
                ));
            }
            let command = value.split_whitespace().map(str::to_owned).collect();
            self.arguments
                .prefixes
                .insert(generator.to_owned(), command);
            return Ok(());
        }
        let Some(generator) = name
            .strip_prefix("--")
            .and_then(|name| name.strip_suffix("_out"))
        else {
            return Err(format!("Unknown flag: {name}"));
        };
        if self.arguments.mode != Mode::Compile {
            return Err("Cannot use --encode, --decode or print .proto info and generate code at the same time.".to_owned());
        }
        // What stands before a colon is the parameter, unless it is the drive of a Windows path.
        let drive = cfg!(windows) && value.as_bytes().get(1) == Some(&b':') && value.len() > 2;
        let (parameter, location) = match value.split_once(':') {
            Some((parameter, location)) if !drive => (parameter, location),
            _ => ("", value.as_str()),
        };
        self.arguments.outputs.push(OutputDirective {
            name: generator.to_owned(),
            parameter: parameter.to_owned(),
            location: location.to_owned(),
        });
        Ok(())
    }

    fn finish(self) -> Result<Arguments, String> {
        let mut arguments = self.arguments;
        for (name, value) in self.options {
            // Options of a generator that does not run are no error: build systems pass them always.
            for output in arguments
                .outputs
                .iter_mut()
                .filter(|output| output.name == name)
            {
                if !output.parameter.is_empty() {
                    output.parameter.push(',');
                }
                output.parameter.push_str(&value);
            }
        }
        if arguments.roots.is_empty() && arguments.descriptor_set_in.is_empty() {
            arguments.roots.push((String::new(), ".".to_owned()));
        }
        let has_inputs = !arguments.inputs.is_empty();
        let has_sets = !arguments.descriptor_set_in.is_empty();
        let is_missing_input = match &arguments.mode {
            Mode::DecodeRaw if has_inputs || has_sets => {
                return Err("When using --decode_raw, no input files should be given.".to_owned());
            }
            Mode::DecodeRaw => false,
            Mode::Compile => !has_inputs,
            Mode::Encode(_) | Mode::Decode(_) | Mode::FreeFieldNumbers => !has_inputs && !has_sets,
        };
        if is_missing_input {
            return Err("Missing input file.".to_owned());
        }
        let is_compiling = arguments.mode == Mode::Compile;
        let is_writing = !arguments.outputs.is_empty()
            || arguments.descriptor_set_out.is_some()
            || arguments.edition_defaults.out.is_some();
        if is_compiling && !is_writing {
            return Err("Missing output directives.".to_owned());
        }
        if arguments.dependency_out.is_some() {
            if !is_compiling {
                return Err("Can only use --dependency_out=FILE when generating code.".to_owned());
            }
            if arguments.inputs.len() > 1 {
                return Err(
                    "Can only process one input file when using --dependency_out=FILE.".to_owned(),
                );
            }
        }
        if arguments.deterministic && !matches!(arguments.mode, Mode::Encode(_)) {
            return Err("Can only use --deterministic_output with --encode.".to_owned());
        }
        if arguments.descriptor_set_out.is_none() {
            let flags = [
                (arguments.include_imports, "--include_imports"),
                (arguments.include_source_info, "--include_source_info"),
                (arguments.retain_options, "--retain_options"),
            ];
            for (given, flag) in flags {
                if given {
                    arguments.warnings.push(format!(
                        "{flag} only makes sense when combined with --descriptor_set_out."
                    ));
                }
            }
        }
        Ok(arguments)
    }
}

/// Reads an edition; the unknown one counts as none.
fn edition_bound(bound: &mut Option<i32>, name: &str, value: &str) -> Result<(), String> {
    if bound.is_some_and(|number| number != edition::UNKNOWN) {
        return Err(format!("{name} may only be passed once."));
    }
    let number =
        edition_of_name(value).ok_or_else(|| format!("{name} unknown edition \"{value}\"."))?;
    *bound = Some(number);
    Ok(())
}

/// Reads a list of files that may be imported.
fn allow(allowed: &mut Allowed, name: &str, value: &str) -> Result<(), String> {
    if allowed.files.is_some() {
        let what = name.trim_start_matches('-').replace('_', " ");
        return Err(format!(
            "{name} may only be passed once. To specify multiple {what}, pass them all as a single parameter separated by ':'."
        ));
    }
    let files = value.split(':').filter(|file| !file.is_empty());
    allowed.files = Some(files.map(str::to_owned).collect());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Parsed, String> {
        parse(
            "protoc",
            &args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>(),
        )
    }

    fn arguments(args: &[&str]) -> Arguments {
        match run(args) {
            Ok(Parsed::Run(arguments)) => *arguments,
            other => panic!("{args:?}: {other:?}"),
        }
    }

    #[test]
    fn flags_in_all_their_forms() {
        let one = arguments(&[
            "-Ia",
            "-I",
            "b",
            "--proto_path=c:v=d",
            "--python_out=x=1:out",
            "--python_opt=y",
            "f.proto",
        ]);
        assert_eq!(
            one.roots,
            [("", "a"), ("", "b"), ("", "c"), ("v", "d")]
                .map(|(one, other)| (one.to_owned(), other.to_owned()))
        );
        assert_eq!(one.outputs[0].parameter, "x=1,y");
        assert_eq!(one.outputs[0].location, "out");
        let two = arguments(&["-oset", "f.proto"]);
        assert_eq!(two.descriptor_set_out.as_deref(), Some("set"));
        assert_eq!(two.roots, [(String::new(), ".".to_owned())]);
    }

    #[test]
    fn wrong_command_lines() {
        for (args, message) in [
            (&["--python_out=."][..], "Missing input file."),
            (&["a.proto"], "Missing output directives."),
            (&["--bogus=1", "a.proto"], "Unknown flag: --bogus"),
            (&["--python_out"], "Missing value for flag: --python_out"),
            (&["--error_format=x", "a.proto"], "Unknown error format: x"),
            (&["-oa", "-ob", "a.proto"], "-o may only be passed once."),
            (
                &["--decode=M", "--encode=M", "a.proto"],
                "Only one of --encode and --decode can be specified.",
            ),
        ] {
            assert_eq!(run(args), Err(message.to_owned()), "{args:?}");
        }
        assert_eq!(run(&[]), Ok(Parsed::Help));
        assert_eq!(run(&["--version"]), Ok(Parsed::Version));
    }
}
