//! The descriptor pool: files linked to each other, looked up by name and number.
//!
//! Files enter one after another, each after what it imports; what enters is checked, linked and then never changes. Descriptors are `&'static`: generated code keeps its descriptors for as long as the process runs in every protobuf runtime, and an immutable graph full of cycles is then as cheap to share as a pointer. The price is that the files of a pool that is dropped are not freed.

mod arena;
mod error;
mod feature_defaults;
mod features;
mod link;
mod model;
mod names;
mod symbols;
mod view;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

pub use error::PoolError;
pub use feature_defaults::FeatureDefaultsError;
pub use features::Features;
pub use model::{
    Attachment, Cardinality, Default, Enum, EnumValue, Field, FieldType, File, Message, Method,
    Oneof, Service,
};
pub use names::{camelcase_name, json_name};
pub use symbols::Symbol;

use self::feature_defaults::FeatureDefaults;
use self::symbols::Symbols;
use self::view::FileView;
use crate::proto::{FieldDescriptorProto, FileDescriptorProto};

/// Files linked to each other. Sharing is by reference; adding and looking up take `&self`.
#[derive(Debug)]
pub struct Pool {
    id: u64,
    inner: RwLock<Inner>,
}

#[derive(Debug, std::default::Default)]
struct Inner {
    files: HashMap<&'static str, &'static File>,
    symbols: Symbols,
    extensions: HashMap<(usize, u32), &'static Field>,
    by_extendee: HashMap<usize, Vec<&'static Field>>,
    /// Given by the pool's owner, in place of the language's own.
    feature_defaults: Option<FeatureDefaults>,
}

/// A file with the JSON names that its fields have where none are given: descriptor sets have them, generated code does not.
fn with_json_names(mut file: FileDescriptorProto) -> FileDescriptorProto {
    let name = |field: &mut FieldDescriptorProto| {
        if field.json_name.is_none() {
            let json = json_name(field.name.as_deref().unwrap_or_default());
            field.json_name = Some(json.into_bytes().into());
        }
    };
    file.extension.iter_mut().for_each(name);
    let mut rest: Vec<_> = file.message_type.iter_mut().collect();
    while let Some(message) = rest.pop() {
        message.field.iter_mut().for_each(name);
        message.extension.iter_mut().for_each(name);
        rest.extend(&mut message.nested_type);
    }
    file
}

/// A descriptor's address, which is its identity.
fn address(message: &Message) -> usize {
    std::ptr::from_ref(message).addr()
}

impl std::default::Default for Pool {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            inner: RwLock::default(),
        }
    }
}

impl Pool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells this pool from others; [`File::pool_id`] is the same for its files.
    pub fn id(&self) -> u64 {
        self.id
    }

    // No code between lock and unlock can leave the maps half changed, so a poisoned lock is sound.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a file from the wire form of its `FileDescriptorProto`. A file that is there already, with the same content, is returned again.
    pub fn add_serialized(&self, bytes: &[u8]) -> Result<&'static File, PoolError> {
        FileDescriptorProto::check(bytes)?;
        let view = FileView::read(bytes)?;
        let name = view.name.unwrap_or_default();
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&earlier) = inner.files.get(name) {
            let is_same = earlier.serialized() == bytes
                || with_json_names(earlier.proto().clone())
                    == with_json_names(FileDescriptorProto::decode(bytes)?);
            return if is_same {
                Ok(earlier)
            } else {
                Err(PoolError::DuplicateFile {
                    file: name.to_owned(),
                })
            };
        }
        let mut dependencies = Vec::with_capacity(view.dependency.len());
        for dependency in &view.dependency {
            let file = inner.files.get(dependency).copied();
            dependencies.push(file.ok_or_else(|| PoolError::MissingDependency {
                file: name.to_owned(),
                dependency: (*dependency).to_owned(),
            })?);
        }
        let bytes: &'static [u8] = Box::leak(bytes.into());
        let defaults = inner.feature_defaults.as_ref();
        let linked = link::link(bytes, dependencies, &inner.symbols, self.id, defaults)?;
        let mut own = HashMap::new();
        for &extension in &linked.extensions {
            let key = (address(extension.containing_type()), extension.number());
            let earlier = inner.extensions.get(&key).copied();
            if let Some(first) = earlier.or_else(|| own.insert(key, extension)) {
                return Err(PoolError::DuplicateExtension {
                    extendee: extension.containing_type().full_name().to_owned(),
                    number: extension.number(),
                    first: first.full_name().to_owned(),
                    first_file: first.file().name().to_owned(),
                    second: extension.full_name().to_owned(),
                    second_file: extension.file().name().to_owned(),
                });
            }
        }
        for extension in linked.extensions {
            inner
                .by_extendee
                .entry(address(extension.containing_type()))
                .or_default()
                .push(extension);
        }
        inner.extensions.extend(own);
        inner.symbols.extend(linked.symbols);
        inner.files.insert(linked.file.name(), linked.file);
        Ok(linked.file)
    }

    /// Adds a file. A file that is there already, with the same content, is returned again.
    pub fn add_proto(&self, proto: &FileDescriptorProto) -> Result<&'static File, PoolError> {
        self.add_serialized(&proto.encode())
    }

    /// Gives the pool's files other feature defaults than the language has: those of a serialized `FeatureSetDefaults`, before the first file.
    pub fn set_feature_defaults(&self, bytes: &[u8]) -> Result<(), FeatureDefaultsError> {
        let defaults = FeatureDefaults::read(bytes)?;
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if !inner.files.is_empty() {
            return Err(FeatureDefaultsError::InUse);
        }
        inner.feature_defaults = Some(defaults);
        Ok(())
    }

    /// A file by its path.
    pub fn file(&self, name: &str) -> Option<&'static File> {
        self.read().files.get(name).copied()
    }

    /// Whatever has this full name.
    pub fn symbol(&self, full_name: &str) -> Option<Symbol> {
        self.read().symbols.get(full_name)
    }

    /// A message by its full name.
    pub fn message(&self, full_name: &str) -> Option<&'static Message> {
        match self.symbol(full_name)? {
            Symbol::Message(message) => Some(message),
            _ => None,
        }
    }

    /// The extension of a message with a number.
    pub fn extension(&self, extendee: &Message, number: u32) -> Option<&'static Field> {
        self.read()
            .extensions
            .get(&(address(extendee), number))
            .copied()
    }

    /// The extensions of a message, in the order they were added.
    pub fn extensions_of(&self, extendee: &Message) -> Vec<&'static Field> {
        self.read()
            .by_extendee
            .get(&address(extendee))
            .cloned()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
