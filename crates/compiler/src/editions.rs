//! Editions by the names that files and messages give them.

use russet_descriptor::proto::edition;

/// The oldest edition that files are compiled in; proto2 counts as one.
pub(crate) const MINIMUM_EDITION: i32 = edition::PROTO2;

/// The newest edition that files are compiled in, [`edition::UNSTABLE`] aside.
pub(crate) const MAXIMUM_EDITION: i32 = edition::EDITION_2026;

/// Every edition but the unknown one.
pub(crate) const NAMES: [(&str, i32); 13] = [
    ("PROTO2", edition::PROTO2),
    ("PROTO3", edition::PROTO3),
    ("2023", edition::EDITION_2023),
    ("2024", edition::EDITION_2024),
    ("2026", edition::EDITION_2026),
    ("UNSTABLE", edition::UNSTABLE),
    ("LEGACY", edition::LEGACY),
    ("1_TEST_ONLY", edition::TEST_ONLY_1),
    ("2_TEST_ONLY", edition::TEST_ONLY_2),
    ("99997_TEST_ONLY", edition::TEST_ONLY_99997),
    ("99998_TEST_ONLY", edition::TEST_ONLY_99998),
    ("99999_TEST_ONLY", edition::TEST_ONLY_99999),
    ("MAX", edition::MAX),
];

/// The edition of `edition = "name";`. Some of those that are known are not supported, which the linker reports.
pub(crate) fn edition_number(name: &str) -> Option<i32> {
    NAMES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, number)| number)
        .filter(|number| !matches!(*number, edition::PROTO2 | edition::PROTO3))
}

/// An edition as messages show it.
pub(crate) fn edition_name(number: i32) -> &'static str {
    NAMES
        .iter()
        .find(|&&(_, known)| known == number)
        .map_or("UNKNOWN", |(name, _)| name)
}
