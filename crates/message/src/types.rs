//! Tables prepared from descriptors: how a message type lies in memory and on the wire.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use russet_descriptor::pool::{self, Field, FieldType, Pool};
use russet_descriptor::wire::WireType;
use rustc_hash::FxHashMap;

use crate::json::EnumNames;
use crate::message::HEADER;
use crate::well_known::WellKnown;
use crate::wire_table::WireTable;

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(
    missing_docs,
    reason = "each is named by its Rust type; Text is string and bytes"
)]
pub enum Storage {
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
    Bool,
    Text,
    Message,
}

impl Storage {
    fn of(field_type: FieldType) -> Self {
        use FieldType as T;
        match field_type {
            T::Int32 | T::Sint32 | T::Sfixed32 | T::Enum => Self::I32,
            T::Uint32 | T::Fixed32 => Self::U32,
            T::Int64 | T::Sint64 | T::Sfixed64 => Self::I64,
            T::Uint64 | T::Fixed64 => Self::U64,
            T::Float => Self::F32,
            T::Double => Self::F64,
            T::Bool => Self::Bool,
            T::String | T::Bytes => Self::Text,
            T::Message | T::Group => Self::Message,
        }
    }

    const fn size(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 | Self::Message => 8,
            Self::Text => 16,
        }
    }
}

/// How many values a field has, and how they are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// One value in the slot.
    Singular,
    /// The slot refers to a list.
    List,
    /// The slot refers to a map.
    Map,
}

/// No presence bit, no oneof.
const NONE: u16 = u16::MAX;

/// How one field lies in memory and on the wire.
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are facts of the field, independent of each other"
)]
pub struct FieldInfo {
    number: u32,
    /// From the start of the body; unused for extensions.
    offset: u32,
    /// The type it belongs to, by [`MessageType::id`]; 0 for extensions.
    owner: u32,
    has_bit: u16,
    oneof: u16,
    field_type: FieldType,
    wire_type: WireType,
    storage: Storage,
    shape: Shape,
    packed: bool,
    validates_utf8: bool,
    closed_enum: bool,
    has_nonzero_default: bool,
    descriptor: &'static Field,
    message_type: OnceLock<&'static MessageType>,
    may_wait: OnceLock<bool>,
    reaches_map: OnceLock<bool>,
    enum_names: OnceLock<Option<Box<EnumNames>>>,
}

impl fmt::Debug for FieldInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldInfo({})", self.descriptor.full_name())
    }
}

impl FieldInfo {
    fn new(descriptor: &'static Field, owner: u32, offset: u32, has_bit: u16) -> Self {
        let shape = if descriptor.is_map() {
            Shape::Map
        } else if descriptor.is_repeated() {
            Shape::List
        } else {
            Shape::Singular
        };
        let default_is_zero = match descriptor.default() {
            pool::Default::None => true,
            pool::Default::Bool(value) => !value,
            pool::Default::I32(value) | pool::Default::Enum(value) => *value == 0,
            pool::Default::U32(value) => *value == 0,
            pool::Default::I64(value) => *value == 0,
            pool::Default::U64(value) => *value == 0,
            pool::Default::F32(value) => value.to_bits() == 0,
            pool::Default::F64(value) => value.to_bits() == 0,
            pool::Default::Bytes(value) => value.is_empty(),
        };
        Self {
            number: descriptor.number(),
            offset,
            owner,
            has_bit,
            oneof: descriptor
                .real_oneof()
                .and_then(|oneof| u16::try_from(oneof.index()).ok())
                .unwrap_or(NONE),
            field_type: descriptor.field_type(),
            wire_type: wire_type_of(descriptor.field_type()),
            storage: Storage::of(descriptor.field_type()),
            shape,
            packed: descriptor.is_packed(),
            validates_utf8: descriptor.validates_utf8(),
            closed_enum: descriptor.is_closed_enum(),
            has_nonzero_default: !default_is_zero,
            descriptor,
            message_type: OnceLock::new(),
            may_wait: OnceLock::new(),
            reaches_map: OnceLock::new(),
            enum_names: OnceLock::new(),
        }
    }

    /// The table entry of an extension, made once.
    pub fn of_extension(extension: &'static Field) -> &'static Self {
        extension
            .attachment()
            .get_or_attach(|| Self::new(extension, 0, 0, NONE))
    }

    /// Its number on the wire.
    #[inline]
    pub fn number(&self) -> u32 {
        self.number
    }
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.offset as usize
    }
    #[inline]
    pub(crate) fn owner(&self) -> u32 {
        self.owner
    }
    #[inline]
    pub(crate) fn has_bit(&self) -> Option<u16> {
        (self.has_bit != NONE).then_some(self.has_bit)
    }
    #[inline]
    pub(crate) fn oneof(&self) -> Option<usize> {
        (self.oneof != NONE).then_some(self.oneof as usize)
    }
    /// Whether it is an extension.
    #[inline]
    pub fn is_extension(&self) -> bool {
        self.owner == 0
    }
    /// Its type.
    #[inline]
    pub fn field_type(&self) -> FieldType {
        self.field_type
    }
    /// What its values are stored as.
    #[inline]
    pub fn storage(&self) -> Storage {
        self.storage
    }
    /// How many values it has.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }
    #[inline]
    pub(crate) fn is_packed(&self) -> bool {
        self.packed
    }
    #[inline]
    pub(crate) fn validates_utf8(&self) -> bool {
        self.validates_utf8
    }
    #[inline]
    pub(crate) fn is_closed_enum(&self) -> bool {
        self.closed_enum
    }
    /// Whether reading it unset gives something else than zero.
    #[inline]
    pub fn has_nonzero_default(&self) -> bool {
        self.has_nonzero_default
    }
    /// Whether it can be set and yet hold its default.
    #[inline]
    pub fn has_presence(&self) -> bool {
        self.has_bit != NONE || (self.owner == 0 && self.shape == Shape::Singular)
    }
    /// Its descriptor.
    #[inline]
    pub fn descriptor(&self) -> &'static Field {
        self.descriptor
    }
    /// The type of its values, for a message field; the entry type of a map.
    ///
    /// # Panics
    /// If its values are no messages.
    #[inline]
    pub fn message_type(&self) -> &'static MessageType {
        self.message_type.get_or_init(|| {
            MessageType::of(
                self.descriptor
                    .message_type()
                    .expect("only message fields are asked for their message type"),
            )
        })
    }
    /// Whether its slot refers to something: a sub-message, a list or a map.
    #[inline]
    pub(crate) fn is_reference(&self) -> bool {
        self.shape != Shape::Singular || self.storage == Storage::Message
    }
    /// Whether its value may stay in the input until it is read. Not if parsing it needs a pool of extensions, if it may lack required fields, for which one would have to look, or if numbers that a closed enum does not declare are taken out of it.
    #[inline]
    pub(crate) fn may_wait(&'static self) -> bool {
        *self.may_wait.get_or_init(|| {
            let value_may_wait = |field: &'static Self| match field.storage {
                Storage::Message => {
                    field.field_type == FieldType::Message
                        && !field.message_type().needs_required_check()
                }
                _ => !field.closed_enum,
            };
            self.owner != 0
                && match self.shape {
                    Shape::Singular => self.storage == Storage::Message && value_may_wait(self),
                    Shape::List => value_may_wait(self),
                    Shape::Map => value_may_wait(self.map_fields().1),
                }
        })
    }
    /// Whether it is a map, or messages of it can hold one.
    pub(crate) fn reaches_map(&'static self) -> bool {
        *self.reaches_map.get_or_init(|| {
            self.shape == Shape::Map
                || (self.storage == Storage::Message
                    && crate::required::reaches_map(self.message_type()))
        })
    }
    /// The names that its enum's values have in JSON alone; nearly no enum has any.
    #[inline]
    pub(crate) fn enum_names(&self) -> Option<&EnumNames> {
        self.enum_names
            .get_or_init(|| EnumNames::of(self.descriptor.enum_type()?).map(Box::new))
            .as_deref()
    }
    /// The key and value fields of a map.
    #[inline]
    pub fn map_fields(&self) -> (&'static Self, &'static Self) {
        let entry = self.message_type();
        (&entry.fields[0], &entry.fields[1])
    }
    /// The wire type of a single value.
    #[inline]
    pub(crate) fn wire_type(&self) -> WireType {
        self.wire_type
    }
}

fn wire_type_of(field_type: FieldType) -> WireType {
    use FieldType as T;
    match field_type {
        T::Double | T::Fixed64 | T::Sfixed64 => WireType::Fixed64,
        T::Float | T::Fixed32 | T::Sfixed32 => WireType::Fixed32,
        T::String | T::Bytes | T::Message => WireType::LengthDelimited,
        T::Group => WireType::StartGroup,
        _ => WireType::Varint,
    }
}

/// Numbers below this are found by index.
const DENSE: usize = 64;

/// The table of a message type.
pub struct MessageType {
    descriptor: &'static pool::Message,
    id: u32,
    size: u32,
    fields: Box<[FieldInfo]>,
    /// Indexes of `fields`, ascending by number.
    by_number: Box<[u16]>,
    /// Index + 1 of the field of each number below [`DENSE`]; 0 where there is none.
    dense: Box<[u16]>,
    /// The fields whose slots refer to something that must be dropped.
    dropped: Box<[u16]>,
    /// The members of each oneof.
    oneofs: Box<[Box<[u16]>]>,
    wire_table: OnceLock<Box<WireTable>>,
    needs_required_check: OnceLock<bool>,
    is_recursive: OnceLock<bool>,
    well_known: OnceLock<Option<WellKnown>>,
    json_names: OnceLock<FxHashMap<&'static str, u16>>,
    host_slot: AtomicPtr<()>,
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageType({})", self.descriptor.full_name())
    }
}

impl MessageType {
    /// The table of a descriptor, made when first asked for.
    pub fn of(descriptor: &'static pool::Message) -> &'static Self {
        descriptor
            .attachment()
            .get_or_attach(|| Self::new(descriptor))
    }

    fn new(descriptor: &'static pool::Message) -> Self {
        static NEXT_ID: AtomicU32 = AtomicU32::new(1);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let fields = descriptor.fields();
        let index = |index: usize| {
            u16::try_from(index).expect("protobuf allows no message of more than 65535 fields")
        };
        let bits = fields.iter().filter(|field| field.has_presence()).count();
        // Presence bits follow the header in words of 32, of which the header holds the first.
        let words = bits.div_ceil(u32::BITS as usize);
        let mut end = (HEADER + 4 * words.saturating_sub(1)).next_multiple_of(8);
        let size_of = |field: &Field| {
            if field.is_repeated() {
                8
            } else {
                Storage::of(field.field_type()).size()
            }
        };
        // Large slots first, so that nothing is lost to alignment.
        let mut offsets = vec![0; fields.len()];
        for wanted in [16, 8, 4, 1] {
            for (field, offset) in fields.iter().zip(&mut offsets) {
                if size_of(field) == wanted {
                    *offset = end;
                    end += wanted as usize;
                }
            }
        }
        let mut next_bit = 0;
        let fields: Box<[FieldInfo]> = fields
            .iter()
            .zip(offsets)
            .map(|(field, offset)| {
                let has_bit = if field.has_presence() {
                    next_bit += 1;
                    index(next_bit - 1)
                } else {
                    NONE
                };
                let offset = u32::try_from(offset).expect("65535 slots of 16 bytes fit");
                FieldInfo::new(field, id, offset, has_bit)
            })
            .collect();
        let mut by_number: Box<[u16]> = (0..fields.len()).map(index).collect();
        by_number.sort_by_key(|&index| fields[index as usize].number);
        let mut dense = vec![0; DENSE].into_boxed_slice();
        for (place, field) in fields.iter().enumerate() {
            if let Some(entry) = dense.get_mut(field.number as usize) {
                *entry = index(place + 1);
            }
        }
        let dropped = (0..fields.len())
            .filter(|&place| {
                let field = &fields[place];
                field.shape != Shape::Singular
                    || matches!(field.storage, Storage::Text | Storage::Message)
            })
            .map(index)
            .collect();
        let oneofs = descriptor
            .oneofs()
            .iter()
            .map(|oneof| oneof.fields().map(|field| index(field.index())).collect())
            .collect();
        Self {
            descriptor,
            id,
            size: u32::try_from(end.next_multiple_of(8)).expect("65535 slots of 16 bytes fit"),
            fields,
            by_number,
            dense,
            dropped,
            oneofs,
            wire_table: OnceLock::new(),
            needs_required_check: OnceLock::new(),
            is_recursive: OnceLock::new(),
            well_known: OnceLock::new(),
            json_names: OnceLock::new(),
            host_slot: AtomicPtr::default(),
        }
    }

    /// The descriptor.
    #[inline]
    pub fn descriptor(&self) -> &'static pool::Message {
        self.descriptor
    }
    #[inline]
    pub(crate) fn id(&self) -> u32 {
        self.id
    }
    /// The bytes of a message of this type, without the host's prefix and what its slots refer to.
    #[inline]
    pub fn size(&self) -> usize {
        self.size as usize
    }
    /// The fields as declared; the index is that of the descriptor.
    #[inline]
    pub fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }
    /// The fields by number, ascending.
    #[inline]
    pub fn fields_by_number(
        &self,
    ) -> impl DoubleEndedIterator<Item = &FieldInfo> + ExactSizeIterator {
        self.by_number
            .iter()
            .map(|&index| &self.fields[index as usize])
    }
    /// The field of a number.
    #[inline]
    pub fn field(&self, number: u32) -> Option<&FieldInfo> {
        if let Some(&index) = self.dense.get(number as usize) {
            return self.fields.get((index as usize).wrapping_sub(1));
        }
        self.by_number
            .binary_search_by_key(&number, |&index| self.fields[index as usize].number)
            .ok()
            .map(|place| &self.fields[self.by_number[place] as usize])
    }
    /// The field of a descriptor of this type.
    pub fn field_of(&self, descriptor: &Field) -> Option<&FieldInfo> {
        self.fields
            .get(descriptor.index())
            .filter(|field| std::ptr::eq(field.descriptor, descriptor))
    }
    /// What tags of one byte mean; made when the first message is parsed.
    #[inline]
    pub(crate) fn wire_table(&self) -> &WireTable {
        self.wire_table
            .get_or_init(|| Box::new(WireTable::of(self)))
    }
    /// The fields whose slots refer to something that must be dropped.
    #[inline]
    pub(crate) fn dropped_fields(&self) -> impl Iterator<Item = &FieldInfo> {
        self.dropped
            .iter()
            .map(|&index| &self.fields[index as usize])
    }
    /// The fields of a oneof, by its index.
    pub fn oneof_fields(&self, oneof: usize) -> impl Iterator<Item = &FieldInfo> {
        self.oneofs[oneof]
            .iter()
            .map(|&index| &self.fields[index as usize])
    }
    /// Whether a message of this type, or any that it can hold, has required fields. Extensions may always bring some.
    pub(crate) fn needs_required_check(&'static self) -> bool {
        *self
            .needs_required_check
            .get_or_init(|| crate::required::reaches_required(self))
    }
    /// Whether a message of this type can hold another of it, at any depth.
    pub(crate) fn is_recursive(&'static self) -> bool {
        *self
            .is_recursive
            .get_or_init(|| crate::required::reaches_itself(self))
    }
    /// What it is to text format and JSON, if it is special.
    #[inline]
    pub(crate) fn well_known(&self) -> Option<WellKnown> {
        *self.well_known.get_or_init(|| WellKnown::of(self))
    }
    /// The field of a name in JSON: its JSON name, else its own.
    pub(crate) fn json_field(&self, name: &str) -> Option<&FieldInfo> {
        let names = self.json_names.get_or_init(|| {
            let mut names = FxHashMap::default();
            let fields = || self.fields.iter().zip(0..);
            names.extend(fields().map(|(field, index)| (field.descriptor.name(), index)));
            names.extend(fields().map(|(field, index)| (field.descriptor.json_name(), index)));
            names
        });
        names
            .get(name)
            .map(|&index| &self.fields[usize::from(index)])
    }
    /// A pointer that belongs to the host: the class of the messages, null until it is made.
    #[inline]
    pub fn host_slot(&self) -> &AtomicPtr<()> {
        &self.host_slot
    }
}

/// The pool that a parser asks for extensions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Types<'a> {
    /// Where extensions are looked up; none are known without it.
    pub pool: Option<&'a Pool>,
}

impl Types<'_> {
    /// The extension of a message type with a number.
    pub(crate) fn extension(self, ty: &MessageType, number: u32) -> Option<&'static FieldInfo> {
        if !ty.descriptor.is_extension_number(number) {
            return None;
        }
        self.pool?
            .extension(ty.descriptor, number)
            .map(FieldInfo::of_extension)
    }
}
