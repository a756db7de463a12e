//! Runs one plugin: request in, response out.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use russet_codegen::plugin::host::escape;
use russet_descriptor::proto::CodeGeneratorResponse;
use thiserror::Error;

use super::inputs::os_text;

/// The longest answer of a plugin, in bytes: the largest message of Protocol Buffers.
const MAX_RESPONSE: u64 = (1 << 31) - 1;

/// Why a plugin gave no answer.
#[derive(Debug, Error)]
pub(super) enum ProcessError {
    /// There is no such program.
    #[error(
        "{program}: {why}\nPlease specify a program using absolute path or make sure the program is available in your PATH system variable"
    )]
    NotStarted { program: String, why: String },
    /// It ran and something went wrong, in protoc's words.
    #[error("{0}")]
    Failed(String),
}

/// What protoc sets for `--enable_codegen_trace`.
const TRACE_VARIABLE: &str = "PROTOC_CODEGEN_TRACE";

/// A plugin's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// `protoc-gen-NAME`.
    pub(super) name: String,
    /// The file of `--plugin`; without one the name is looked up in the PATH.
    pub(super) path: Option<String>,
    /// What runs the program, from `--NAME_prefix`.
    pub(super) prefix: Vec<String>,
    /// Whether it is to say what made which part of its output.
    pub(super) codegen_trace: bool,
}

impl Program {
    /// Sends a request and reads the answer.
    pub(super) fn run(&self, request: &[u8]) -> Result<CodeGeneratorResponse, ProcessError> {
        let mut child = self.start()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        // The plugin may answer before it has read all, so both directions go at once.
        let read = std::thread::scope(|scope| {
            if let Some(mut stdin) = stdin {
                // One that does not read its request hangs up, and what it answers still counts.
                scope.spawn(move || stdin.write_all(request));
            }
            let read = stdout.map_or(Ok(Vec::new()), read_answer);
            if read.is_err() {
                // It may still be writing, to nobody, or wait for more to read.
                let _ended = child.kill();
            }
            read
        });
        let answer = read.inspect_err(|_| {
            let _reaped = child.wait();
        })?;
        let status = child
            .wait()
            .map_err(|error| ProcessError::Failed(format!("waitpid: {}", os_text(&error))))?;
        check(status)?;
        CodeGeneratorResponse::decode(&answer).map_err(|_| {
            ProcessError::Failed(format!("Plugin output is unparseable: {}", escape(&answer)))
        })
    }

    fn start(&self) -> Result<Child, ProcessError> {
        let program = match &self.path {
            // Without a slash the system would look it up in the PATH.
            Some(path) if !path.contains(std::path::is_separator) => {
                Path::new(".").join(path).into_os_string()
            }
            Some(path) => path.into(),
            None => self.name.clone().into(),
        };
        let mut command = match self.prefix.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        if self.codegen_trace {
            command.env(TRACE_VARIABLE, "yes");
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| {
                let program = self.prefix.first().or(self.path.as_ref());
                ProcessError::NotStarted {
                    program: program.unwrap_or(&self.name).clone(),
                    why: match error.kind() {
                        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                            "program not found or is not executable".to_owned()
                        }
                        _ => os_text(&error),
                    },
                }
            })
    }
}

fn read_answer(stdout: ChildStdout) -> Result<Vec<u8>, ProcessError> {
    let mut answer = Vec::new();
    stdout
        .take(MAX_RESPONSE + 1)
        .read_to_end(&mut answer)
        .map_err(|error| {
            ProcessError::Failed(format!("Plugin output cannot be read: {}", os_text(&error)))
        })?;
    if answer.len() as u64 > MAX_RESPONSE {
        return Err(ProcessError::Failed(format!(
            "Plugin output is longer than {MAX_RESPONSE} bytes."
        )));
    }
    Ok(answer)
}

fn check(status: ExitStatus) -> Result<(), ProcessError> {
    if status.success() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return Err(ProcessError::Failed(format!(
                "Plugin killed by signal {signal}."
            )));
        }
    }
    let code = status.code().unwrap_or(-1);
    Err(ProcessError::Failed(format!(
        "Plugin failed with status code {code}."
    )))
}
