//! Feature defaults that the owner of a pool gives: what each edition has, and which editions there are.

use thiserror::Error;

use super::features::Features;
use crate::proto::FeatureSetDefaults;
use crate::wire::WireError;

/// Why feature defaults are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FeatureDefaultsError {
    /// The bytes are not a `FeatureSetDefaults`.
    #[error("the bytes are not a FeatureSetDefaults: {0}")]
    Malformed(#[from] WireError),
    /// A file was built by other defaults.
    #[error("Feature set defaults can't be changed once the pool has started building.")]
    InUse,
    /// The oldest edition is newer than the newest.
    #[error("Invalid edition range {minimum} to {maximum}.")]
    Range {
        /// The oldest edition.
        minimum: i32,
        /// The newest edition.
        maximum: i32,
    },
    /// Defaults of no edition.
    #[error("Invalid edition UNKNOWN specified.")]
    UnknownEdition,
    /// The editions do not ascend.
    #[error(
        "Feature set defaults are not strictly increasing, edition {earlier} is greater than or equal to edition {later}."
    )]
    NotIncreasing {
        /// The edition of the earlier defaults.
        earlier: i32,
        /// The edition of those after them.
        later: i32,
    },
}

/// The number of `EDITION_UNKNOWN`, which is no edition.
const UNKNOWN: i32 = 0;

/// The defaults of each edition from one on, ascending.
#[derive(Debug)]
pub(super) struct FeatureDefaults {
    minimum: i32,
    maximum: i32,
    editions: Vec<(i32, Features)>,
}

impl FeatureDefaults {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, FeatureDefaultsError> {
        let given = FeatureSetDefaults::decode(bytes)?;
        let minimum = given.minimum_edition.unwrap_or_default();
        let maximum = given.maximum_edition.unwrap_or_default();
        if minimum > maximum {
            return Err(FeatureDefaultsError::Range { minimum, maximum });
        }
        let mut editions: Vec<(i32, Features)> = Vec::with_capacity(given.defaults.len());
        for defaults in &given.defaults {
            let edition = defaults.edition.unwrap_or_default();
            if edition == UNKNOWN {
                return Err(FeatureDefaultsError::UnknownEdition);
            }
            if let Some(&(earlier, _)) = editions.last().filter(|(last, _)| *last >= edition) {
                return Err(FeatureDefaultsError::NotIncreasing {
                    earlier,
                    later: edition,
                });
            }
            let features = Features::of_edition(edition)
                .overridden_by(defaults.fixed_features.as_ref())
                .overridden_by(defaults.overridable_features.as_ref());
            editions.push((edition, features));
        }
        Ok(Self {
            minimum,
            maximum,
            editions,
        })
    }

    /// The features of a file's edition, or why it has none.
    pub(super) fn of_edition(&self, edition: i32) -> Result<Features, String> {
        if edition < self.minimum {
            return Err(format!(
                "Edition {edition} is earlier than the minimum edition {} given in the defaults",
                self.minimum
            ));
        }
        if edition > self.maximum {
            return Err(format!(
                "Edition {edition} is later than the maximum edition {} given in the defaults",
                self.maximum
            ));
        }
        let newer = self.editions.partition_point(|(from, _)| *from <= edition);
        match newer.checked_sub(1) {
            Some(place) => Ok(self.editions[place].1),
            None => Err(format!(
                "No valid default found for edition {edition} in the defaults"
            )),
        }
    }
}
