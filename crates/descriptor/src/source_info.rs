//! `SourceCodeInfo`: where the things of a file stand in its source, and their comments.
//!
//! A large file has hundreds of thousands of locations, so they are kept close together: all paths in one list, spans in place, comments only where there are some. The wire form is that of `descriptor.proto`. What an index or a path stands for is known to who reads it, not here.

use crate::proto::{Field, Text, Value};
use crate::wire::{Reader, WireError, WireType, put_bytes, put_tag, put_varint, varint_len};

// Field numbers.
const INFO_LOCATION: u32 = 1;
const PATH: u32 = 1;
const SPAN: u32 = 2;
const LEADING_COMMENTS: u32 = 3;
const TRAILING_COMMENTS: u32 = 4;
const LEADING_DETACHED_COMMENTS: u32 = 6;

/// The locations of a file, in the order in which they were recorded.
#[derive(Clone, Debug, Default)]
pub struct SourceCodeInfo {
    entries: Vec<Entry>,
    /// The paths of all entries. A path that grew or was replaced has left its old place unused.
    paths: Vec<i32>,
    comments: Vec<Comments>,
    /// Fields that this struct does not know, in wire form.
    pub unknown: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    path_start: usize,
    path_length: u32,
    span_length: u32,
    span: [i32; 4],
    /// One more than the index in `comments`; zero where there are none.
    comments: u32,
}

/// The comments around a declaration, without their delimiters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comments {
    /// Directly before it.
    pub leading: Option<Text>,
    /// Directly after it.
    pub trailing: Option<Text>,
    /// Before it, separated from it by an empty line.
    pub leading_detached: Vec<Text>,
    /// Fields of the location that are not known, in wire form.
    pub unknown: Vec<u8>,
}

impl Comments {
    fn is_empty(&self) -> bool {
        self.leading.is_none()
            && self.trailing.is_none()
            && self.leading_detached.is_empty()
            && self.unknown.is_empty()
    }
}

/// A piece of source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location<'i> {
    /// Field numbers and indexes on the way from the file to what the piece defines.
    pub path: &'i [i32],
    /// Line, column, end line (left out where it is the same), end column; from zero.
    pub span: &'i [i32],
    /// Its comments, if it has any.
    pub comments: Option<&'i Comments>,
}

impl SourceCodeInfo {
    /// How many locations there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Lets go of all locations, and keeps the memory for others.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.paths.clear();
        self.comments.clear();
        self.unknown.clear();
    }

    /// All locations, in order.
    pub fn locations(&self) -> impl Iterator<Item = Location<'_>> {
        self.entries.iter().map(|entry| self.location(entry))
    }

    /// The first location of a path.
    pub fn find(&self, path: &[i32]) -> Option<Location<'_>> {
        self.locations().find(|location| location.path == path)
    }

    /// The path of a location.
    ///
    /// # Panics
    /// There is no location of the index.
    pub fn path(&self, index: usize) -> &[i32] {
        self.entry_path(&self.entries[index])
    }

    /// The span of a location: two to four numbers.
    ///
    /// # Panics
    /// There is no location of the index.
    pub fn span(&self, index: usize) -> &[i32] {
        let entry = &self.entries[index];
        &entry.span[..entry.span_length as usize]
    }

    /// Adds a location with the path of another one and `more` behind it; gives its index. `parent` is `None` for the file itself.
    ///
    /// # Panics
    /// There is no location of the index `parent`.
    pub fn push(&mut self, parent: Option<usize>, more: &[i32]) -> usize {
        let path_start = self.paths.len();
        if let Some(parent) = parent {
            let Entry {
                path_start,
                path_length,
                ..
            } = self.entries[parent];
            self.paths
                .extend_from_within(path_start..path_start + path_length as usize);
        }
        self.paths.extend_from_slice(more);
        self.push_entry(path_start)
    }

    /// Adds an entry whose path is all from `path_start` on.
    fn push_entry(&mut self, path_start: usize) -> usize {
        self.entries.push(Entry {
            path_start,
            path_length: length(self.paths.len() - path_start),
            span_length: 0,
            span: [0; 4],
            comments: 0,
        });
        self.entries.len() - 1
    }

    /// Gives a location another path.
    ///
    /// # Panics
    /// There is no location of the index.
    pub fn set_path(&mut self, index: usize, path: &[i32]) {
        let entry = &mut self.entries[index];
        entry.path_start = self.paths.len();
        entry.path_length = length(path.len());
        self.paths.extend_from_slice(path);
    }

    /// Adds a number to the path of a location.
    ///
    /// # Panics
    /// There is no location of the index.
    pub fn extend_path(&mut self, index: usize, number: i32) {
        let entry = &mut self.entries[index];
        let range = entry.path_start..entry.path_start + entry.path_length as usize;
        if range.end != self.paths.len() {
            entry.path_start = self.paths.len();
            self.paths.extend_from_within(range);
        }
        entry.path_length += 1;
        self.paths.push(number);
    }

    /// Sets the span of a location. It has at most four numbers; further ones are left out.
    ///
    /// # Panics
    /// There is no location of the index.
    pub fn set_span(&mut self, index: usize, span: &[i32]) {
        let entry = &mut self.entries[index];
        let count = span.len().min(entry.span.len());
        entry.span[..count].copy_from_slice(&span[..count]);
        entry.span_length = length(count);
    }

    /// Sets the comments of a location.
    ///
    /// # Panics
    /// There is no location of the index.
    pub fn set_comments(&mut self, index: usize, comments: Comments) {
        let entry = &mut self.entries[index];
        if entry.comments > 0 {
            self.comments[entry.comments as usize - 1] = comments;
        } else if !comments.is_empty() {
            self.comments.push(comments);
            entry.comments = length(self.comments.len());
        }
    }

    /// Adds the locations from `first` to before `end` once more, each with one number of its path replaced.
    ///
    /// # Panics
    /// One of the paths has no number at `depth`.
    pub fn repeat(&mut self, first: usize, end: usize, depth: usize, number: i32) {
        for index in first..end {
            let entry = self.entries[index];
            let copy = self.push(Some(index), &[]);
            let at = self.entries[copy].path_start + depth;
            self.paths[at] = number;
            self.entries[copy].span = entry.span;
            self.entries[copy].span_length = entry.span_length;
            if entry.comments > 0 {
                let comments = self.comments[entry.comments as usize - 1].clone();
                self.set_comments(copy, comments);
            }
        }
    }

    /// Asks `change` for each path whether its location stays, and under which path.
    pub fn rewrite<'p>(&mut self, mut change: impl FnMut(&[i32]) -> Rewrite<'p>) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain_mut(|entry| match change(self.entry_path(entry)) {
            Rewrite::Keep => true,
            Rewrite::Remove => false,
            Rewrite::Move(path) => {
                entry.path_start = self.paths.len();
                entry.path_length = length(path.len());
                self.paths.extend_from_slice(path);
                true
            }
        });
        self.entries = entries;
    }

    fn entry_path(&self, entry: &Entry) -> &[i32] {
        &self.paths[entry.path_start..entry.path_start + entry.path_length as usize]
    }

    fn location<'i>(&'i self, entry: &'i Entry) -> Location<'i> {
        Location {
            path: self.entry_path(entry),
            span: &entry.span[..entry.span_length as usize],
            comments: (entry.comments as usize)
                .checked_sub(1)
                .map(|index| &self.comments[index]),
        }
    }

    fn read_location(&mut self, bytes: &[u8], depth: u32) -> Result<(), WireError> {
        let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
        let path_start = self.paths.len();
        let mut span: Vec<i32> = Vec::new();
        let mut comments = Comments::default();
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let start = reader.rest();
            let (number, wire_type) = reader.tag()?;
            let known = match number {
                PATH => self.paths.merge(wire_type, &mut reader, depth)?,
                SPAN => span.merge(wire_type, &mut reader, depth)?,
                LEADING_COMMENTS => comments.leading.merge(wire_type, &mut reader, depth)?,
                TRAILING_COMMENTS => comments.trailing.merge(wire_type, &mut reader, depth)?,
                LEADING_DETACHED_COMMENTS => {
                    comments
                        .leading_detached
                        .merge(wire_type, &mut reader, depth)?
                }
                _ => false,
            };
            if !known {
                reader.skip(number, wire_type, depth)?;
                comments
                    .unknown
                    .extend_from_slice(&start[..start.len() - reader.rest().len()]);
            }
        }
        let index = self.push_entry(path_start);
        self.set_span(index, &span);
        self.set_comments(index, comments);
        Ok(())
    }
}

/// What becomes of a location.
#[derive(Clone, Copy, Debug)]
pub enum Rewrite<'p> {
    /// It stays as it is.
    Keep,
    /// It goes.
    Remove,
    /// It gets this path.
    Move(&'p [i32]),
}

/// Two are equal where they have equal locations, however these are stored.
impl PartialEq for SourceCodeInfo {
    fn eq(&self, other: &Self) -> bool {
        self.unknown == other.unknown && self.locations().eq(other.locations())
    }
}

impl Value for SourceCodeInfo {
    const WIRE_TYPE: WireType = WireType::LengthDelimited;

    fn put_value(&self, out: &mut Vec<u8>) {
        let sizes: Vec<usize> = self.locations().map(|location| size(&location)).collect();
        let total: usize = sizes
            .iter()
            .map(|&size| 1 + varint_len(size as u64) + size)
            .sum::<usize>()
            + self.unknown.len();
        out.reserve(total + 10);
        put_varint(out, total as u64);
        for (location, size) in self.locations().zip(sizes) {
            put_tag(out, INFO_LOCATION, WireType::LengthDelimited);
            put_varint(out, size as u64);
            put_location(&location, out);
        }
        out.extend_from_slice(&self.unknown);
    }

    fn read_value(reader: &mut Reader<'_>, depth: u32) -> Result<Self, WireError> {
        let mut info = Self::default();
        info.merge_value(reader, depth)?;
        Ok(info)
    }

    fn merge_value(&mut self, reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
        let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
        let mut reader = Reader::new(reader.length_delimited()?);
        while !reader.is_empty() {
            let start = reader.rest();
            let (number, wire_type) = reader.tag()?;
            if number == INFO_LOCATION && wire_type == WireType::LengthDelimited {
                self.read_location(reader.length_delimited()?, depth)?;
            } else {
                reader.skip(number, wire_type, depth)?;
                self.unknown
                    .extend_from_slice(&start[..start.len() - reader.rest().len()]);
            }
        }
        Ok(())
    }
}

/// Packed, each number sign-extended.
fn packed_size(numbers: &[i32]) -> usize {
    numbers
        .iter()
        .map(|&number| varint_len(i64::from(number).cast_unsigned()))
        .sum()
}

fn put_packed(number: u32, values: &[i32], out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    put_tag(out, number, WireType::LengthDelimited);
    put_varint(out, packed_size(values) as u64);
    for &value in values {
        put_varint(out, i64::from(value).cast_unsigned());
    }
}

/// The tags of all fields of a location are one byte long.
fn size(location: &Location<'_>) -> usize {
    let delimited = |size: usize| 1 + varint_len(size as u64) + size;
    let mut total = 0;
    for numbers in [location.path, location.span] {
        if !numbers.is_empty() {
            total += delimited(packed_size(numbers));
        }
    }
    if let Some(comments) = location.comments {
        let texts = comments
            .leading
            .iter()
            .chain(&comments.trailing)
            .chain(&comments.leading_detached);
        total += texts.map(|text| delimited(text.len())).sum::<usize>() + comments.unknown.len();
    }
    total
}

fn put_location(location: &Location<'_>, out: &mut Vec<u8>) {
    put_packed(PATH, location.path, out);
    put_packed(SPAN, location.span, out);
    let Some(comments) = location.comments else {
        return;
    };
    for (number, text) in [
        (LEADING_COMMENTS, &comments.leading),
        (TRAILING_COMMENTS, &comments.trailing),
    ] {
        if let Some(text) = text {
            put_bytes(out, number, text);
        }
    }
    for text in &comments.leading_detached {
        put_bytes(out, LEADING_DETACHED_COMMENTS, text);
    }
    out.extend_from_slice(&comments.unknown);
}

/// The number of items of a file, which the wire format's 2 GiB keep below 2^32.
fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::FileDescriptorProto;

    fn round_trip(info: &SourceCodeInfo) {
        let file = FileDescriptorProto {
            source_code_info: Some(info.clone()),
            ..FileDescriptorProto::default()
        };
        assert_eq!(FileDescriptorProto::decode(&file.encode()), Ok(file));
    }

    #[test]
    fn locations_survive_the_wire() {
        let mut info = SourceCodeInfo::default();
        let root = info.push(None, &[]);
        info.set_span(root, &[0, 0, 5, 1]);
        let message = info.push(Some(root), &[4, 0]);
        info.set_span(message, &[1, 2, -3]);
        info.set_comments(
            message,
            Comments {
                leading: Some(" before\n".into()),
                leading_detached: vec!["a".into(), Text::default()],
                ..Comments::default()
            },
        );
        let field = info.push(Some(message), &[2, 300]);
        info.extend_path(message, 7);
        info.extend_path(message, 8);
        assert_eq!(info.path(message), [4, 0, 7, 8]);
        assert_eq!(info.path(field), [4, 0, 2, 300]);
        assert_eq!(info.span(message), [1, 2, -3]);
        round_trip(&info);
        info.repeat(message, field + 1, 1, 9);
        assert_eq!(info.path(4), [4, 9, 2, 300]);
        assert_eq!(
            info.find(&[4, 9, 7, 8]).and_then(|found| found.comments),
            info.find(&[4, 0, 7, 8]).and_then(|found| found.comments)
        );
        round_trip(&info);
    }

    #[test]
    fn rewriting_moves_and_removes() {
        let mut info = SourceCodeInfo::default();
        for number in 0..4 {
            info.push(None, &[8, number]);
        }
        info.rewrite(|path| match path {
            [8, 1] => Rewrite::Remove,
            [8, 2] => Rewrite::Move(&[8, 1000, 1]),
            _ => Rewrite::Keep,
        });
        let paths: Vec<&[i32]> = info.locations().map(|location| location.path).collect();
        assert_eq!(paths, [&[8, 0][..], &[8, 1000, 1], &[8, 3]]);
        round_trip(&info);
    }
}
