//! Map fields: entries in the order of insertion, with an index once they are many.

#![expect(unsafe_code, reason = "a counted block, as messages are")]

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use crate::guard::Guard;
use crate::host::{NodeKind, host};
use crate::message::{Link, Message, keep_buffer, release_buffer};
use crate::types::FieldInfo;
use crate::value::Value;

/// Up to this many entries are searched one by one, without an index.
const SMALL: usize = 16;

/// The entries of a map.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "entries are what they are")]
pub struct Entries {
    entries: Vec<(Value, Value)>,
    /// There is none while there are few.
    index: Option<Box<Index>>,
    version: u64,
}

/// Places of entries by the hash of their key. Keys come from peers, so the hash is seeded at random.
#[derive(Debug)]
struct Index {
    places: HashMap<u64, Places, IdentityState>,
    seed: RandomState,
}

/// The places of the entries with one hash: nearly always one.
#[derive(Debug)]
enum Places {
    One(usize),
    More(Vec<usize>),
}

impl Places {
    fn as_slice(&self) -> &[usize] {
        match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::More(places) => places,
        }
    }
}

/// Hashes are spread already.
#[derive(Clone, Copy, Debug, Default)]
struct IdentityState;

#[derive(Debug)]
struct Identity(u64);

impl BuildHasher for IdentityState {
    type Hasher = Identity;
    fn build_hasher(&self) -> Identity {
        Identity(0)
    }
}

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only u64 keys are hashed")
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Index {
    /// The index of entries that are many; `None` while they are few.
    fn of(entries: &[(Value, Value)]) -> Option<Box<Self>> {
        if entries.len() <= SMALL {
            return None;
        }
        let mut index = Box::new(Self {
            places: HashMap::default(),
            seed: RandomState::new(),
        });
        for place in 0..entries.len() {
            index.add(entries, place);
        }
        Some(index)
    }

    fn hash(&self, key: &Value) -> u64 {
        let mut hasher = self.seed.build_hasher();
        key.hash_key(&mut hasher);
        hasher.finish()
    }

    fn add(&mut self, entries: &[(Value, Value)], place: usize) {
        let hash = self.hash(&entries[place].0);
        self.places
            .entry(hash)
            .and_modify(|places| {
                let mut more = places.as_slice().to_vec();
                more.push(place);
                *places = Places::More(more);
            })
            .or_insert(Places::One(place));
    }

    fn remove(&mut self, entries: &[(Value, Value)], place: usize) {
        let hash = self.hash(&entries[place].0);
        if let Some(places) = self.places.get_mut(&hash) {
            let rest: Vec<_> = places
                .as_slice()
                .iter()
                .copied()
                .filter(|&p| p != place)
                .collect();
            if rest.is_empty() {
                self.places.remove(&hash);
            } else {
                *places = Places::More(rest);
            }
        }
    }
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Ends what iterates over it now.
    pub fn end_iterators(&mut self) {
        self.version += 1;
    }

    /// Changes when an entry comes or goes otherwise than by a merge, for iterators.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The entries, as inserted (a removed one's place goes to the last).
    pub fn as_slice(&self) -> &[(Value, Value)] {
        &self.entries
    }

    /// The entries, to put other forms of the same keys and values in place.
    pub fn as_mut_slice(&mut self) -> &mut [(Value, Value)] {
        &mut self.entries
    }

    /// The place of a key.
    pub fn find(&self, key: &Value) -> Option<usize> {
        match &self.index {
            None => self.entries.iter().position(|(k, _)| k.same_key(key)),
            Some(index) => index
                .places
                .get(&index.hash(key))?
                .as_slice()
                .iter()
                .copied()
                .find(|&place| self.entries[place].0.same_key(key)),
        }
    }

    /// The place of the key that is held as this host object, if the entries are few: `None` says nothing of equal keys.
    pub fn place_of_object(&self, object: NonNull<()>) -> Option<usize> {
        if self.entries.len() > SMALL {
            return None;
        }
        self.entries
            .iter()
            .position(|(key, _)| matches!(key, Value::Text(text) if text.object() == Some(object)))
    }

    /// The value of a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.find(key).map(|place| &self.entries[place].1)
    }

    /// Sets the value of a key; what it had is returned.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        let replaced = self.put(key, value);
        if replaced.is_none() {
            self.version += 1;
        }
        replaced
    }

    /// As [`Entries::insert`] where messages are merged or parsed: iterators go on, and come to what is new.
    pub(crate) fn put(&mut self, key: Value, value: Value) -> Option<Value> {
        if let Some(place) = self.find(&key) {
            return Some(std::mem::replace(&mut self.entries[place].1, value));
        }
        self.entries.push((key, value));
        match &mut self.index {
            Some(index) => index.add(&self.entries, self.entries.len() - 1),
            None => self.index = Index::of(&self.entries),
        }
        None
    }

    /// Makes room for so many entries and no more, in a map that never had any.
    pub(crate) fn reserve_first(&mut self, count: impl FnOnce() -> usize) {
        if self.entries.capacity() == 0 {
            self.entries.reserve_exact(count());
        }
    }

    /// Fills a map that has no entries with those of another, whose keys differ from each other.
    pub(crate) fn fill(&mut self, entries: Vec<(Value, Value)>) {
        debug_assert!(self.is_empty(), "entries of the map would be lost");
        self.index = Index::of(&entries);
        self.entries = entries;
    }

    /// Removes a key; its entry is returned.
    pub fn remove(&mut self, key: &Value) -> Option<(Value, Value)> {
        let place = self.find(key)?;
        self.version += 1;
        let last = self.entries.len() - 1;
        if let Some(index) = &mut self.index {
            index.remove(&self.entries, place);
            if place != last {
                index.remove(&self.entries, last);
            }
        }
        let entry = self.entries.swap_remove(place);
        if place != last
            && let Some(index) = &mut self.index
        {
            index.add(&self.entries, place);
        }
        Some(entry)
    }

    /// Takes all entries out.
    pub fn take(&mut self) -> Vec<(Value, Value)> {
        self.version += 1;
        self.index = None;
        std::mem::take(&mut self.entries)
    }

    /// The entries in an order of their keys.
    pub fn sorted_by(&self, order: impl Fn(&Value, &Value) -> Ordering) -> Vec<&(Value, Value)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by(|a, b| order(&a.0, &b.0));
        entries
    }
}

#[repr(C)]
pub(crate) struct MapBody {
    field: &'static FieldInfo,
    link: Link,
    /// The input that keys and values are ranges of, or null.
    buffer: Cell<*mut ()>,
    entries: RefCell<Entries>,
}

impl Drop for MapBody {
    fn drop(&mut self) {
        self.entries.replace(Entries::default());
        release_buffer(&self.buffer);
    }
}

/// A reference to the map of a map field. Cloning shares.
#[repr(transparent)]
pub struct Map(NonNull<MapBody>);

impl Clone for Map {
    fn clone(&self) -> Self {
        // SAFETY: the block is alive while `self` is.
        unsafe { (host().retain)(self.0.cast()) };
        Self(self.0)
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        let kind = NodeKind::Map(self.field());
        // SAFETY: this reference is given back once.
        unsafe { (host().release)(self.0.cast(), kind) };
    }
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.entries().as_slice().fmt(f)
    }
}

impl Map {
    /// An empty map for a field of `owner`.
    pub(crate) fn new(field: &'static FieldInfo, owner: &Message) -> Self {
        // SAFETY: the host gives a block of this size and alignment, which is written whole.
        unsafe {
            let body = (host().allocate)(NodeKind::Map(field)).cast::<MapBody>();
            body.write(MapBody {
                field,
                link: Link::to(owner),
                buffer: Cell::new(std::ptr::null_mut()),
                entries: RefCell::default(),
            });
            Self(body)
        }
    }

    /// Takes over a reference from its address.
    ///
    /// # Safety
    /// `block` is that of a living map, and a reference comes with it.
    pub unsafe fn from_raw(block: NonNull<u8>) -> Self {
        Self(block.cast())
    }

    /// The map at an address, without a reference of its own.
    ///
    /// # Safety
    /// `block` is that of a map that lives as long as what is returned.
    #[inline]
    pub unsafe fn borrow_raw(block: NonNull<u8>) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(block.cast()))
    }

    /// The address behind the host's prefix; the reference goes with it.
    pub fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).0.cast()
    }

    fn body(&self) -> &MapBody {
        // SAFETY: the block is alive while `self` is.
        unsafe { self.0.as_ref() }
    }

    /// The map field.
    pub fn field(&self) -> &'static FieldInfo {
        self.body().field
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries, to read.
    ///
    /// # Panics
    /// While they are being written.
    pub fn entries(&self) -> Ref<'_, Entries> {
        self.body().entries.borrow()
    }

    /// The entries, to write; the message that holds them becomes set in its parents.
    ///
    /// # Panics
    /// While they are in use otherwise.
    pub fn entries_mut(&self) -> RefMut<'_, Entries> {
        self.body().link.touch();
        self.body().entries.borrow_mut()
    }

    /// The entries, to put other forms of the same values in place; nothing becomes set.
    pub fn entries_cache(&self) -> RefMut<'_, Entries> {
        self.body().entries.borrow_mut()
    }

    /// As [`Message::touch`].
    pub fn touch(&self) {
        self.body().link.touch();
    }

    pub(crate) fn unlink(&self) {
        self.body().link.cut();
    }

    /// What a change of it comes to.
    #[inline]
    pub fn guard(&self) -> Guard {
        self.body().link.guard()
    }

    pub(crate) fn write_guard(&self, guard: Guard) {
        self.body().link.set_guard(guard);
    }

    pub(crate) fn keep_buffer(&self, buffer: NonNull<()>) -> bool {
        keep_buffer(&self.body().buffer, buffer)
    }
}
