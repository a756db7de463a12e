//! Reads and parses files on other threads before the linker asks for them.
//!
//! Linking goes file by file in the order of imports, parsing needs nothing but a file's text; so while one thread links, the others parse what is named on the command line and what that imports. Which thread parsed a file makes no difference to any result. It knows no rules: what a file means is the parser's and the linker's.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustc_hash::FxHashMap;

use russet_descriptor::proto::{FileDescriptorProto, SourceCodeInfo};

use crate::diagnostics::Findings;
use crate::parser;
use crate::source::{SourceError, SourceTree};

/// The fewest files for which further threads are started.
const FILES_WORTH_A_THREAD: usize = 8;

/// The most threads beside the one that links, which could not use more.
const MAX_THREADS: usize = 7;

/// A parsed file and what is wrong with it.
pub(crate) type Source = Result<(FileDescriptorProto, Findings), SourceError>;

/// The files that are wanted, being parsed, or parsed.
pub(crate) struct ParseAhead<'s> {
    sources: &'s SourceTree,
    state: Mutex<State>,
    changed: Condvar,
    /// Locations of files that are linked. Used again, they cost neither fresh memory nor a thread that frees what another has allocated.
    spare: Mutex<Vec<SourceCodeInfo>>,
    keeps_comments: bool,
}

#[derive(Default)]
struct State {
    /// What the threads parse next; a file taken meanwhile may still stand in it.
    queue: VecDeque<String>,
    files: FxHashMap<String, Progress>,
    /// Nothing will be taken any more.
    closed: bool,
}

enum Progress {
    Queued,
    Started,
    Done(Box<Source>),
    Taken,
}

impl State {
    /// The linker wants imports before the file that imports them, and that soon.
    fn add_imports(&mut self, source: &Source) {
        let Ok((file, _)) = source else {
            return;
        };
        let imports = file.dependency.iter().chain(&file.option_dependency);
        for import in imports.rev() {
            if !self.files.contains_key(import) {
                self.files.insert(import.clone(), Progress::Queued);
                self.queue.push_front(import.clone());
            }
        }
    }

    fn is_queued(&self, name: &str) -> bool {
        matches!(self.files.get(name), Some(Progress::Queued))
    }
}

impl<'s> ParseAhead<'s> {
    /// Runs `link` with further threads at work where there are enough files for them.
    pub(crate) fn run<T>(
        sources: &'s SourceTree,
        names: &[String],
        keeps_comments: bool,
        link: impl FnOnce(&Self) -> T,
    ) -> T {
        let ahead = Self {
            sources,
            state: Mutex::default(),
            changed: Condvar::new(),
            spare: Mutex::default(),
            keeps_comments,
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = (cores - 1).min(names.len() / FILES_WORTH_A_THREAD);
        if threads == 0 {
            return link(&ahead);
        }
        let mut state = ahead.lock();
        for name in names {
            if state.files.insert(name.clone(), Progress::Queued).is_none() {
                state.queue.push_back(name.clone());
            }
        }
        drop(state);
        thread::scope(|scope| {
            let _closed_at_the_end = Close(&ahead);
            for _ in 0..threads.min(MAX_THREADS) {
                // Where the system gives no thread, the linking one does all.
                let _started = thread::Builder::new().spawn_scoped(scope, || ahead.work());
            }
            link(&ahead)
        })
    }

    /// The file of this name. It is given once: nobody asks for a file again.
    pub(crate) fn take(&self, name: &str) -> Source {
        let mut state = self.lock();
        loop {
            match state.files.get(name) {
                Some(Progress::Started) => {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Some(Progress::Done(_)) => {
                    let done = state.files.insert(name.to_owned(), Progress::Taken);
                    if let Some(Progress::Done(source)) = done {
                        return *source;
                    }
                }
                _ => {
                    state.files.insert(name.to_owned(), Progress::Taken);
                    drop(state);
                    let source = self.parse(name, &mut Vec::new());
                    let mut state = self.lock();
                    state.add_imports(&source);
                    drop(state);
                    self.changed.notify_all();
                    return source;
                }
            }
        }
    }

    fn parse(&self, name: &str, text: &mut Vec<u8>) -> Source {
        self.sources.read_into(name, text)?;
        let spare = self.lock_spare().pop().unwrap_or_default();
        Ok(parser::parse_into(spare, self.keeps_comments, name, text))
    }

    /// Takes back locations that are not needed any more.
    pub(crate) fn recycle(&self, locations: SourceCodeInfo) {
        self.lock_spare().push(locations);
    }

    fn lock_spare(&self) -> MutexGuard<'_, Vec<SourceCodeInfo>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a further thread does until [`ParseAhead`] is closed.
    fn work(&self) {
        // One buffer for all texts.
        let mut text = Vec::new();
        let mut state = self.lock();
        while !state.closed {
            let Some(name) = state.queue.pop_front() else {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if !state.is_queued(&name) {
                continue;
            }
            state.files.insert(name.clone(), Progress::Started);
            drop(state);
            let source = self.parse(&name, &mut text);
            state = self.lock();
            state.add_imports(&source);
            state.files.insert(name, Progress::Done(Box::new(source)));
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the threads go, also when linking panics.
struct Close<'a, 's>(&'a ParseAhead<'s>);

impl Drop for Close<'_, '_> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_given_once_whoever_parses_it() {
        let mut sources = SourceTree::new();
        let names: Vec<String> = (0..200).map(|index| format!("{index}.proto")).collect();
        for (index, name) in names.iter().enumerate() {
            let text = format!(
                "syntax = \"proto3\"; import \"{}.proto\"; message M{index} {{}}",
                index + 1
            );
            sources.add_memory_file(name, text);
        }
        ParseAhead::run(&sources, &names, true, |ahead| {
            for (index, name) in names.iter().enumerate().rev() {
                let Ok((file, findings)) = ahead.take(name) else {
                    panic!("{name} is there");
                };
                assert!(!findings.has_errors());
                assert_eq!(file.message_type[0].name, Some(format!("M{index}")));
            }
            assert!(matches!(
                ahead.take("200.proto"),
                Err(SourceError::NotFound)
            ));
        });
    }
}
