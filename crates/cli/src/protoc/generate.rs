//! Runs what the output directives name: our generators, and plugins, which run side by side.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use russet_codegen::plugin::host::{Files, RequestTemplate, ResponseError, apply};
use russet_codegen::{GeneratedFiles, Generator, Output, Schema, parse_parameter};
use russet_compiler::{Compiler, add_json_names};
use russet_descriptor::proto::{CodeGeneratorResponse, FileDescriptorProto};

use super::args::{Arguments, OutputDirective};
use super::process::{ProcessError, Program};
use super::write::{Location, Pending};

/// The version that plugins are told: that of the C++ runtime of the protoc release whose behaviour this is.
const COMPILER_VERSION: [i32; 3] = [7, 36, 2];

/// Generators that are part of protoc and not of Russet.
const OTHER_LANGUAGES: [&str; 9] = [
    "cpp", "csharp", "java", "kotlin", "objc", "php", "rbs", "ruby", "rust",
];

/// What one output directive runs.
enum Action {
    Own(Generator),
    Plugin(Program),
}

/// What is wrong, one message a line.
pub(super) fn run(
    arguments: &Arguments,
    compiler: &Compiler<'_>,
    names: &[String],
    pending: &mut Pending,
) -> Result<(), String> {
    if arguments.outputs.is_empty() {
        return Ok(());
    }
    let actions: Vec<Action> = arguments
        .outputs
        .iter()
        .map(|directive| action(arguments, directive))
        .collect();
    let files: Vec<Cow<'_, FileDescriptorProto>> = compiler.runtime_files();
    let schema = Schema::new(files.iter().map(AsRef::as_ref));
    if let Some((parameter, location)) = implied_service_stubs(arguments, &actions) {
        // Its parameter is that of another directive, which reports what is wrong with it.
        if let Ok(outputs) = Generator::ServiceStubs.generate(parameter, &schema, names) {
            add(outputs, pending.at(Location::of(location))).map_err(|error| error.to_string())?;
        }
    }
    let mut answers = run_plugins(arguments, &actions, compiler, names, &files);
    let parsed: Vec<&FileDescriptorProto> =
        names.iter().filter_map(|name| schema.file(name)).collect();
    for (index, (directive, action)) in arguments.outputs.iter().zip(&actions).enumerate() {
        let flag = format!("--{}_out", directive.name);
        let location = Location::of(&directive.location);
        let made = pending.at(location);
        match action {
            Action::Own(generator) => {
                let first = names.first().map_or("", String::as_str);
                let outputs = generator
                    .generate(&directive.parameter, &schema, names)
                    .map_err(|error| format!("{flag}: {first}: {error}"))?;
                add(outputs, made).map_err(|error| error.to_string())?;
            }
            Action::Plugin(program) => {
                let response = answers
                    .remove(&index)
                    .unwrap_or_else(|| Err(ProcessError::Failed("Plugin was not run.".to_owned())))
                    .map_err(|error| describe(&flag, &program.name, &error))?;
                apply(response, &program.name, &parsed, made)
                    .map_err(|errors| describe_all(&flag, &errors))?;
            }
        }
    }
    Ok(())
}

fn add(outputs: Vec<Output>, files: &mut GeneratedFiles) -> Result<(), russet_codegen::FileError> {
    for output in outputs {
        if output.is_package_marker {
            files.add_package_marker(&output.name);
        } else {
            files.add(&output.name, output.content.into_bytes())?;
        }
    }
    Ok(())
}

/// The message for a plugin that gave no answer; for a language of protoc's own, what else can be done.
fn describe(flag: &str, program: &str, error: &ProcessError) -> String {
    let language = program.strip_prefix("protoc-gen-").unwrap_or(program);
    match error {
        ProcessError::NotStarted { .. } if OTHER_LANGUAGES.contains(&language) => format!(
            "{flag}: protoc's generator for {language} is not part of Russet, which generates Python, and there is no plugin {program} in the PATH. Use protoc for {language}, or name a plugin with --plugin={program}=PATH."
        ),
        // What protoc's child says, and then what protoc sees of it.
        ProcessError::NotStarted { .. } => {
            format!("{error}\n{flag}: {program}: Plugin failed with status code 1.")
        }
        ProcessError::Failed(_) => format!("{flag}: {program}: {error}"),
    }
}

/// One message a line; what is said of a file stands alone, as protoc has it.
fn describe_all(flag: &str, errors: &[ResponseError]) -> String {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| match error {
            ResponseError::File(_) | ResponseError::Unsupported(_) => error.to_string(),
            ResponseError::Plugin(_) | ResponseError::NoName(_) => format!("{flag}: {error}"),
        })
        .collect();
    lines.join("\n")
}

fn action(arguments: &Arguments, directive: &OutputDirective) -> Action {
    let name = format!("protoc-gen-{}", directive.name);
    let path = arguments
        .plugins
        .iter()
        .rev()
        .find(|(plugin, _)| *plugin == name)
        .map(|(_, path)| path.clone());
    match Generator::of_flag(&directive.name) {
        // protoc's generators cannot be replaced. gRPC's are plugins to protoc, and who names one wants that one.
        Some(generator @ (Generator::Messages | Generator::Stubs)) => Action::Own(generator),
        Some(generator) if path.is_none() => Action::Own(generator),
        _ => Action::Plugin(Program {
            prefix: arguments
                .prefixes
                .get(&directive.name)
                .cloned()
                .unwrap_or_default(),
            name,
            path,
            codegen_trace: arguments.codegen_trace,
        }),
    }
}

/// Who asks for gRPC code and for type stubs gets the stubs of the gRPC code too: parameter and location. With the originals' runtimes there are the originals' files only.
fn implied_service_stubs<'a>(
    arguments: &'a Arguments,
    actions: &[Action],
) -> Option<(&'a str, &'a str)> {
    let find = |wanted: Generator| {
        let mut both = arguments.outputs.iter().zip(actions);
        both.find(|(_, action)| matches!(action, Action::Own(found) if *found == wanted))
            .map(|(directive, _)| directive)
    };
    let (services, stubs) = (find(Generator::Services)?, find(Generator::Stubs)?);
    let is_asked_for = find(Generator::ServiceStubs).is_some()
        || parse_parameter(&services.parameter).any(|(name, _)| name == "pyi_out");
    let is_original = |directive: &OutputDirective| {
        parse_parameter(&directive.parameter)
            .any(|(name, value)| name == "runtime" && value != "russet")
    };
    if is_asked_for || is_original(services) || is_original(stubs) {
        return None;
    }
    Some((&services.parameter, &stubs.location))
}

/// Runs all plugins, as many at once as the machine has processors; answers by index of the directive.
fn run_plugins(
    arguments: &Arguments,
    actions: &[Action],
    compiler: &Compiler<'_>,
    names: &[String],
    runtime: &[Cow<'_, FileDescriptorProto>],
) -> HashMap<usize, Result<CodeGeneratorResponse, ProcessError>> {
    let plugins: Vec<(usize, &Program)> = actions
        .iter()
        .enumerate()
        .filter_map(|(index, action)| match action {
            Action::Plugin(program) => Some((index, program)),
            Action::Own(_) => None,
        })
        .collect();
    if plugins.is_empty() {
        return HashMap::new();
    }
    let template = RequestTemplate::new(request_files(compiler, names, runtime), COMPILER_VERSION);
    let answers = russet_parallel::map(plugins, |(index, program)| {
        let request = template.request(&arguments.outputs[index].parameter);
        (index, program.run(&request))
    });
    answers.into_iter().collect()
}

/// What a plugin gets to see: of the files to generate code for, both forms.
fn request_files(
    compiler: &Compiler<'_>,
    names: &[String],
    runtime: &[Cow<'_, FileDescriptorProto>],
) -> Files {
    let runtime: HashMap<&str, &FileDescriptorProto> = runtime
        .iter()
        .map(|file| (file.name.as_deref().unwrap_or_default(), file.as_ref()))
        .collect();
    let asked_for: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut all = Vec::new();
    let mut sources = Vec::new();
    for name in compiler.transitive(names) {
        let Some(source) = compiler.file(&name) else {
            continue;
        };
        let is_asked_for = asked_for.contains(name.as_str());
        let mut file = match runtime.get(name.as_str()) {
            Some(file) if is_asked_for => (*file).clone(),
            _ => source.clone(),
        };
        add_json_names(&mut file);
        all.push(file);
        if is_asked_for {
            let mut source = source.clone();
            add_json_names(&mut source);
            sources.push(source);
        }
    }
    Files {
        to_generate: names.to_vec(),
        all,
        sources,
    }
}
