//! Whether what features and options say of themselves makes sense: the editions in which they, and the values of their enums, are introduced, deprecated and removed.

use russet_descriptor::proto::{FeatureSupport, FileDescriptorProto};

use super::Linker;
use super::walk::{self, Kind};
use crate::table::{EnumId, FieldId};

impl Linker<'_> {
    pub(super) fn check_supports(&mut self, file: &FileDescriptorProto) {
        for declared in walk::declared(self.table, self.file, file) {
            let problems = match declared.kind {
                Kind::Field(_, id) => self.field_problem(id).into_iter().collect(),
                Kind::Enum(_, id) => self.value_problems(id),
                _ => continue,
            };
            for problem in problems {
                self.error_with_place(file, &declared, None, problem);
            }
        }
    }

    /// The first thing that is wrong with a field, or with one of its values as a value of this field.
    fn field_problem(&self, id: FieldId) -> Option<String> {
        let field = &self.table[id];
        let support = field.support.as_deref()?;
        let name = &field.full_name;
        if let Some(problem) = problem_of(support) {
            return Some(format!("{name} {problem}"));
        }
        self.supports(field.enumeration?)
            .into_iter()
            .find_map(|(value, own)| {
                let merged = merged(support, own);
                if let Some(problem) = problem_of(&merged) {
                    return Some(format!("{value} {problem}"));
                }
                let when = out_of_bounds(support, &merged)?;
                Some(format!("value {value} was {when} {name} was."))
            })
    }

    fn value_problems(&self, id: EnumId) -> Vec<String> {
        let supports = self.supports(id).into_iter();
        supports
            .filter_map(|(value, own)| Some(format!("{value} {}", problem_of(own)?)))
            .collect()
    }

    /// The full names of the values that say something, in their order, with what they say.
    fn supports(&self, id: EnumId) -> Vec<(String, &FeatureSupport)> {
        let declared = &self.table[id];
        let scope = declared
            .full_name
            .rsplit_once('.')
            .map_or("", |(scope, _)| scope);
        let values = declared.values.iter().enumerate();
        values
            .filter_map(|(index, (name, _))| {
                let support = declared.supports.get(&index)?;
                Some((crate::names::join(scope, name), support))
            })
            .collect()
    }
}

/// What contradicts itself, if anything does; what is not said counts as the edition `UNKNOWN`, the oldest of all.
fn problem_of(support: &FeatureSupport) -> Option<&'static str> {
    let introduced = support.edition_introduced.unwrap_or_default();
    let deprecated = support.edition_deprecated.unwrap_or_default();
    if support.edition_deprecated.is_some() {
        if deprecated < introduced {
            return Some("was deprecated before it was introduced.");
        }
        if support.deprecation_warning.is_none() {
            return Some("is deprecated but does not specify a deprecation warning.");
        }
    } else if support.deprecation_warning.is_some() {
        return Some(
            "specifies a deprecation warning but is not marked deprecated in any edition.",
        );
    }
    let Some(removed) = support.edition_removed else {
        return support
            .removal_error
            .as_ref()
            .map(|_| "specifies a removal error but is not marked removed in any edition.");
    };
    if deprecated >= removed {
        Some("was deprecated after it was removed.")
    } else if removed < introduced {
        Some("was removed before it was introduced.")
    } else if removed != introduced && support.removal_error.is_none() {
        Some("has been removed but does not specify a removal error.")
    } else {
        None
    }
}

/// What holds for a value: what its field says where it says nothing itself.
fn merged(field: &FeatureSupport, value: &FeatureSupport) -> FeatureSupport {
    FeatureSupport {
        edition_introduced: value.edition_introduced.or(field.edition_introduced),
        edition_deprecated: value.edition_deprecated.or(field.edition_deprecated),
        deprecation_warning: value
            .deprecation_warning
            .clone()
            .or_else(|| field.deprecation_warning.clone()),
        edition_removed: value.edition_removed.or(field.edition_removed),
        removal_error: value
            .removal_error
            .clone()
            .or_else(|| field.removal_error.clone()),
        ..FeatureSupport::default()
    }
}

/// How a value would live at a time when its field does not.
fn out_of_bounds(field: &FeatureSupport, value: &FeatureSupport) -> Option<&'static str> {
    let is_later = |value: Option<i32>, field: Option<i32>| field.is_some() && value > field;
    if value.edition_introduced < field.edition_introduced {
        Some("introduced before")
    } else if is_later(value.edition_removed, field.edition_removed) {
        Some("removed after")
    } else if is_later(value.edition_deprecated, field.edition_deprecated) {
        Some("deprecated after")
    } else {
        None
    }
}
