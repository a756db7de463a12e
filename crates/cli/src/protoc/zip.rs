//! `.zip` and `.jar` archives as protoc writes them: entries stored, in the order of their names, with the first date the format has, so that equal contents give equal bytes.

use russet_codegen::GeneratedFiles;

/// Format version 1.0: entries are stored.
const VERSION: u16 = 10;
/// 1980-01-01 in the format's packed form.
const DATE: u16 = 1 << 5 | 1;

/// What a jar must have; protoc's own, word for word.
const MANIFEST: (&str, &[u8]) = (
    "META-INF/MANIFEST.MF",
    b"Manifest-Version: 1.0\nCreated-By: 1.6.0 (protoc)\n\n",
);

/// Adds the manifest, unless a generator made one.
pub(super) fn add_manifest(files: &mut GeneratedFiles) {
    let _there = files.add(MANIFEST.0, MANIFEST.1.to_vec());
}

/// The archive; `None` where it would exceed what the format can count: 65,535 entries, 4 GiB.
pub(super) fn archive(files: &GeneratedFiles) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    let mut count: u16 = 0;
    for (name, content) in files.iter() {
        let offset = u32::try_from(out.len()).ok()?;
        let fields = entry_fields(name, content)?;
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&fields);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(content);
        directory.extend_from_slice(b"PK\x01\x02");
        put16(&mut directory, VERSION);
        directory.extend_from_slice(&fields);
        // Comment length, disk, internal attributes; external attributes.
        directory.extend_from_slice(&[0; 6]);
        put32(&mut directory, 0);
        put32(&mut directory, offset);
        directory.extend_from_slice(name.as_bytes());
        count = count.checked_add(1)?;
    }
    let offset = u32::try_from(out.len()).ok()?;
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06");
    // This disk, the disk of the directory.
    put32(&mut out, 0);
    put16(&mut out, count);
    put16(&mut out, count);
    put32(&mut out, u32::try_from(directory.len()).ok()?);
    put32(&mut out, offset);
    // Comment length.
    put16(&mut out, 0);
    Some(out)
}

/// What the local header and the directory say alike, from the needed version to the length of the extra field.
fn entry_fields(name: &str, content: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(26);
    let size = u32::try_from(content.len()).ok()?;
    put16(&mut out, VERSION);
    // Flags, method (stored), time.
    out.extend_from_slice(&[0; 6]);
    put16(&mut out, DATE);
    put32(&mut out, crc32fast::hash(content));
    put32(&mut out, size);
    put32(&mut out, size);
    put16(&mut out, u16::try_from(name.len()).ok()?);
    put16(&mut out, 0);
    Some(out)
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}
