//! Services and their methods.

use std::sync::OnceLock;

use super::{File, Message};
use crate::proto::{MethodDescriptorProto, ServiceDescriptorProto};

/// A service.
pub struct Service {
    pub(in crate::pool) name: &'static str,
    pub(in crate::pool) full_name: &'static str,
    pub(in crate::pool) file: &'static File,
    pub(in crate::pool) index: usize,
    pub(in crate::pool) methods: OnceLock<Vec<Method>>,
}

impl Service {
    /// Its name without the package.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Its name with the package.
    pub fn full_name(&self) -> &'static str {
        self.full_name
    }
    /// Its file.
    pub fn file(&self) -> &'static File {
        self.file
    }
    /// Its place in its file.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its methods as declared.
    pub fn methods(&self) -> &[Method] {
        self.methods.get().map_or(&[], Vec::as_slice)
    }
    /// A method by its name.
    pub fn method_by_name(&self, name: &str) -> Option<&Method> {
        self.methods().iter().find(|method| method.name() == name)
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static ServiceDescriptorProto {
        &self.file.proto().service[self.index]
    }
}

/// A method of a service.
pub struct Method {
    pub(in crate::pool) name: &'static str,
    pub(in crate::pool) full_name: &'static str,
    pub(in crate::pool) service: &'static Service,
    pub(in crate::pool) index: usize,
    pub(in crate::pool) client_streaming: bool,
    pub(in crate::pool) server_streaming: bool,
    pub(in crate::pool) input: &'static Message,
    pub(in crate::pool) output: &'static Message,
}

impl Method {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Its name after that of its service.
    pub fn full_name(&self) -> &'static str {
        self.full_name
    }
    /// Its service.
    pub fn service(&self) -> &'static Service {
        self.service
    }
    /// Its place in its service.
    pub fn index(&self) -> usize {
        self.index
    }
    /// The request type.
    pub fn input(&self) -> &'static Message {
        self.input
    }
    /// The response type.
    pub fn output(&self) -> &'static Message {
        self.output
    }
    /// Whether the client sends a stream.
    pub fn client_streaming(&self) -> bool {
        self.client_streaming
    }
    /// Whether the server sends a stream.
    pub fn server_streaming(&self) -> bool {
        self.server_streaming
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static MethodDescriptorProto {
        &self.service.proto().method[self.index]
    }
}
