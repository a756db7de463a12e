//! Field and enum numbers: ranges that are reserved or for extensions, numbers that stand in them, and which ones are free.

use rustc_hash::FxHashSet;

use russet_descriptor::proto::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, Text};

use super::ranges::{Range, members, overlaps, wide};
use super::{Linker, Place, at, below};
use crate::parser::{MAX_FIELD_NUMBER, path};
use crate::table::MessageId;

/// The most suggestions of free field numbers for one message.
const MAX_SUGGESTIONS: i32 = 3;

/// Field numbers that the protobuf libraries keep for themselves.
pub(super) const RESERVED_NUMBERS: std::ops::Range<i32> = 19_000..20_000;

impl Linker<'_> {
    pub(super) fn range(
        &mut self,
        file: &FileDescriptorProto,
        message: MessageId,
        (start, end): (i32, i32),
        place: &[i32],
        what: &str,
    ) {
        if start <= 0 {
            self.hint(message, Place::from_slice(place), end.saturating_sub(start));
            let message = format!("{what} numbers must be positive integers.");
            self.error(file, place, &[], message);
        }
        if start >= end {
            let message = format!("{what} range end number must be greater than start number.");
            self.error(file, place, &[], message);
        }
    }

    /// No two ranges overlap, and no field stands in one.
    pub(super) fn check_ranges(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        id: MessageId,
        place: &[i32],
    ) {
        let ranges = &self.table[id];
        let extensions = ranges.extension_ranges.iter();
        let extension_count = extensions.len();
        let all: Vec<Range> = extensions
            .chain(&ranges.reserved_ranges)
            .map(|&range| wide(range))
            .collect();
        let shown = |index: usize| format!("{} to {}", all[index].0, all[index].1 - 1);
        // Those of extensions come first in the list.
        let overlapping = overlaps(&all);
        for &(one, other) in &overlapping {
            if one >= extension_count {
                let more = [path::MESSAGE_RESERVED_RANGE, at(one - extension_count)];
                self.overlap(file, place, &more, "Reserved", &shown(other), &shown(one));
            }
        }
        let names = self.reserved_names(file, &message.reserved_name, place, "Field name");
        self.check_fields_of_ranges(file, message, id, (&all, extension_count), &names, place);
        // Of one extension range, what it shares with reserved ones is said first.
        let mut of_extensions: Vec<_> = overlapping;
        of_extensions.retain(|&(one, _)| one < extension_count);
        of_extensions.sort_by_key(|&(one, other)| (one, other < extension_count, other));
        for (one, other) in of_extensions {
            let more = [path::MESSAGE_EXTENSION_RANGE, at(one)];
            if other < extension_count {
                self.overlap(file, place, &more, "Extension", &shown(other), &shown(one));
            } else {
                let message = format!(
                    "Extension range {} overlaps with reserved range {}.",
                    shown(one),
                    shown(other)
                );
                self.error(file, place, &more, message);
            }
        }
    }

    fn overlap(
        &mut self,
        file: &FileDescriptorProto,
        place: &[i32],
        more: &[i32],
        what: &str,
        range: &str,
        earlier: &str,
    ) {
        let message =
            format!("{what} range {range} overlaps with already-defined range {earlier}.");
        self.error(file, place, more, message);
    }

    /// No field has a number of a range or a reserved name. `ranges` are those of extensions, so many as the number says, then the reserved ones.
    fn check_fields_of_ranges(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        id: MessageId,
        (ranges, extension_count): (&[Range], usize),
        names: &FxHashSet<&[u8]>,
        place: &[i32],
    ) {
        let number_of = |index: usize| message.field[index].number.unwrap_or(0);
        let name_of = |index: usize| message.field[index].name.as_deref().unwrap_or_default();
        let numbers: Vec<i64> = (0..message.field.len())
            .map(|index| number_of(index).into())
            .collect();
        for (field, range) in members(&numbers, ranges) {
            let (name, number) = (name_of(field), number_of(field));
            let (more, message) = if range < extension_count {
                let (start, end) = ranges[range];
                let message = format!(
                    "Extension range {start} to {} includes field \"{name}\" ({number}).",
                    end - 1
                );
                ([path::MESSAGE_EXTENSION_RANGE, at(range)], message)
            } else {
                let message = format!("Field \"{name}\" uses reserved number {number}.");
                (
                    [path::MESSAGE_RESERVED_RANGE, at(range - extension_count)],
                    message,
                )
            };
            self.hint(id, below(place, &more), 1);
            self.error(file, place, &more, message);
        }
        for index in 0..message.field.len() {
            let name = name_of(index);
            if names.contains(name.as_bytes()) {
                let more = [path::MESSAGE_FIELD, at(index), path::NAME];
                let message = format!("Field name \"{name}\" is reserved.");
                self.error(file, place, &more, message);
            }
        }
    }

    /// The reserved names; one that is there twice is an error.
    fn reserved_names<'n>(
        &mut self,
        file: &FileDescriptorProto,
        names: &'n [Text],
        place: &[i32],
        what: &str,
    ) -> FxHashSet<&'n [u8]> {
        let mut found = FxHashSet::default();
        for name in names {
            if !found.insert(&**name) {
                let name = name.to_str_lossy();
                let message = format!("{what} \"{name}\" is reserved multiple times.");
                self.error(file, place, &[path::NAME], message);
            }
        }
        found
    }

    /// As [`Self::check_ranges`] for an enum, whose reserved ranges end inclusively.
    pub(super) fn check_enum_ranges(
        &mut self,
        file: &FileDescriptorProto,
        declared: &EnumDescriptorProto,
        ranges: &[(i32, i32)],
        place: &[i32],
    ) {
        let all: Vec<Range> = ranges
            .iter()
            .map(|&(start, end)| (start.into(), i64::from(end) + 1))
            .collect();
        let shown = |index: usize| format!("{} to {}", ranges[index].0, ranges[index].1);
        for (one, other) in overlaps(&all) {
            let more = [path::ENUM_RESERVED_RANGE, at(one)];
            self.overlap(file, place, &more, "Reserved", &shown(other), &shown(one));
        }
        let names = self.reserved_names(file, &declared.reserved_name, place, "Enum value");
        let number_of = |index: usize| declared.value[index].number.unwrap_or(0);
        let name_of = |index: usize| declared.value[index].name.as_deref().unwrap_or_default();
        let numbers: Vec<i64> = (0..declared.value.len())
            .map(|index| number_of(index).into())
            .collect();
        for (value, range) in members(&numbers, &all) {
            let more = [path::ENUM_RESERVED_RANGE, at(range)];
            let (name, number) = (name_of(value), number_of(value));
            let message = format!("Enum value \"{name}\" uses reserved number {number}.");
            self.error(file, place, &more, message);
        }
        for index in 0..declared.value.len() {
            let name = name_of(index);
            if names.contains(name.as_bytes()) {
                let more = [path::ENUM_VALUE, at(index), path::NAME];
                let message = format!("Enum value \"{name}\" is reserved.");
                self.error(file, place, &more, message);
            }
        }
    }

    /// After wrong field numbers: which ones are free.
    pub(super) fn suggest_numbers(&mut self, file: &FileDescriptorProto) {
        for hint in std::mem::take(&mut self.hints) {
            let is_top_level = self.table[hint.message].parent.is_none();
            let count = hint.count.min(MAX_SUGGESTIONS);
            if count <= 0 || !is_top_level {
                continue;
            }
            let free: Vec<String> = self
                .free_numbers(hint.message)
                .take(usize::try_from(count).unwrap_or_default())
                .map(|number| number.to_string())
                .collect();
            let message = format!(
                "Suggested field numbers for {}: {}",
                self.table[hint.message].full_name,
                free.join(", ")
            );
            self.error(file, &hint.path, &[], message);
        }
    }

    /// Input files may not use the numbers that the libraries keep for themselves. protoc says so without a position.
    pub(super) fn check_library_numbers(&mut self) {
        let fields = &self.table.fields[self.first_field..];
        let taken = fields
            .iter()
            .filter(|field| RESERVED_NUMBERS.contains(&field.number));
        for _ in 0..taken.count() {
            let message = format!(
                "Field numbers {} through {} are reserved for the protocol buffer library implementation.",
                RESERVED_NUMBERS.start,
                RESERVED_NUMBERS.end - 1
            );
            self.findings.error(None, message);
        }
    }

    /// The number that protoc proposes in place of one that is taken; it stops at the first gap it sees.
    pub(super) fn proposed_number(&self, id: MessageId) -> i64 {
        let message = &self.table[id];
        let numbers = message
            .fields
            .iter()
            .map(|&field| i64::from(self.table[field].number));
        let ranges = message
            .extension_ranges
            .iter()
            .chain(&message.reserved_ranges);
        let mut used: Vec<(i64, i64)> = numbers
            .map(|number| (number, number))
            .chain(ranges.map(|&(start, end)| (i64::from(start), i64::from(end) - 1)))
            .collect();
        used.sort_unstable();
        used.dedup();
        let mut next = 1;
        for (start, end) in used {
            if next < start || next > end {
                break;
            }
            next = end + 1;
        }
        next
    }

    /// The numbers that no field, range or reservation of a message takes, in order.
    pub(super) fn free_numbers(&self, id: MessageId) -> impl Iterator<Item = i32> + use<> {
        let message = &self.table[id];
        let mut used: Vec<(i32, i32)> = message
            .fields
            .iter()
            .chain(&message.extensions)
            .map(|&field| self.table[field].number)
            .map(|number| (number, number.saturating_add(1)))
            .chain(message.extension_ranges.iter().copied())
            .chain(message.reserved_ranges.iter().copied())
            .chain([(RESERVED_NUMBERS.start, RESERVED_NUMBERS.end)])
            .collect();
        used.sort_unstable();
        let mut next = 1;
        let mut ranges = used.into_iter().peekable();
        std::iter::from_fn(move || {
            while let Some(&(start, end)) = ranges.peek() {
                if next < start {
                    break;
                }
                next = next.max(end);
                ranges.next();
            }
            (next <= MAX_FIELD_NUMBER).then(|| {
                next += 1;
                next - 1
            })
        })
    }
}
