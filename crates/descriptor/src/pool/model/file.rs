//! Files.

use std::sync::OnceLock;

use super::{Enum, Field, Message, Service};
use crate::pool::features::Features;
use crate::proto::FileDescriptorProto;

/// A `.proto` file.
pub struct File {
    pub(in crate::pool) name: &'static str,
    pub(in crate::pool) package: &'static str,
    pub(in crate::pool) serialized: &'static [u8],
    pub(in crate::pool) proto: OnceLock<FileDescriptorProto>,
    pub(in crate::pool) edition: i32,
    pub(in crate::pool) features: Features,
    pub(in crate::pool) dependencies: Vec<&'static File>,
    /// Indexes into `dependencies`, as the file gives them.
    pub(in crate::pool) public: Vec<i32>,
    pub(in crate::pool) messages: OnceLock<Vec<&'static Message>>,
    pub(in crate::pool) enums: OnceLock<Vec<&'static Enum>>,
    pub(in crate::pool) extensions: OnceLock<Vec<&'static Field>>,
    pub(in crate::pool) services: OnceLock<Vec<&'static Service>>,
    pub(in crate::pool) pool: u64,
}

impl File {
    /// The path it was compiled as, such as `a/b.proto`.
    pub fn name(&self) -> &'static str {
        self.name
    }
    pub(super) fn full_name(&self) -> &'static str {
        self.name()
    }
    /// The package, empty where none is declared.
    pub fn package(&self) -> &'static str {
        self.package
    }
    /// A number of [`crate::proto::edition`]; proto2 and proto3 are editions.
    pub fn edition(&self) -> i32 {
        self.edition
    }
    /// Its features.
    pub fn features(&self) -> Features {
        self.features
    }
    /// The descriptor as it was given, made of the bytes at the first call.
    pub fn proto(&'static self) -> &'static FileDescriptorProto {
        self.proto.get_or_init(|| {
            FileDescriptorProto::decode(self.serialized)
                .expect("a file's bytes are checked before it is linked")
        })
    }
    /// The bytes it was added as.
    pub fn serialized(&self) -> &'static [u8] {
        self.serialized
    }
    /// The files that it imports, in order.
    pub fn dependencies(&self) -> &[&'static File] {
        &self.dependencies
    }
    /// The files that it imports publicly, in order.
    pub fn public_dependencies(&self) -> impl Iterator<Item = &'static File> + '_ {
        self.public
            .iter()
            .filter_map(|&index| self.dependencies.get(usize::try_from(index).ok()?).copied())
    }
    /// Top-level messages.
    pub fn messages(&self) -> &[&'static Message] {
        self.messages.get().map_or(&[], Vec::as_slice)
    }
    /// Top-level enums.
    pub fn enums(&self) -> &[&'static Enum] {
        self.enums.get().map_or(&[], Vec::as_slice)
    }
    /// Top-level extensions.
    pub fn extensions(&self) -> &[&'static Field] {
        self.extensions.get().map_or(&[], Vec::as_slice)
    }
    /// Services.
    pub fn services(&self) -> &[&'static Service] {
        self.services.get().map_or(&[], Vec::as_slice)
    }
    /// The identity of the pool that it is in: its [`id`](crate::pool::Pool::id).
    pub fn pool_id(&self) -> u64 {
        self.pool
    }
}
