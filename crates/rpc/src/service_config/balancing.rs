//! Policies that spread calls over addresses, by the names that configs use.

use serde_json::Value;

use super::fields::{Errors, Fields, boolean, whole};

/// `choiceCount` where the config does not say (gRFC A48).
const DEFAULT_CHOICES: u32 = 2;

/// The greatest `choiceCount`; a greater one counts as this (gRFC A48).
const MAX_CHOICES: u32 = 10;

/// How calls are spread over a target's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadBalancing {
    /// All calls go to the first address that can be reached.
    PickFirst {
        /// Whether the addresses are put into a random order first (gRFC A62).
        shuffle: bool,
    },
    /// Each address has a connection, and they take turns.
    RoundRobin,
    /// Each address has a connection; of some taken at random, the one with the fewest calls gets the next (gRFC A48).
    LeastRequest {
        /// How many are compared: 2 to 10.
        choices: u32,
    },
}

impl Default for LoadBalancing {
    fn default() -> Self {
        Self::PickFirst { shuffle: false }
    }
}

impl LoadBalancing {
    /// The policy with this name, with its defaults; `None` where there is none. Names are compared without regard to case, as the older `loadBalancingPolicy` wants it.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "pick_first" => Some(Self::PickFirst { shuffle: false }),
            "round_robin" => Some(Self::RoundRobin),
            "least_request" | "least_request_experimental" => Some(Self::LeastRequest {
                choices: DEFAULT_CHOICES,
            }),
            _ => None,
        }
    }
}

/// Reads `loadBalancingConfig`: the first policy that is known counts.
pub(super) fn read(value: &Value, errors: &mut Errors) -> Option<LoadBalancing> {
    let Value::Array(candidates) = value else {
        errors.add("type should be array");
        return None;
    };
    let mut unknown = Vec::new();
    for candidate in candidates {
        let Value::Object(candidate) = candidate else {
            errors.add("child entry should be of type object");
            return None;
        };
        let mut entries = candidate.iter();
        let (Some((name, config)), None) = (entries.next(), entries.next()) else {
            errors.add(if candidate.is_empty() {
                "no policy found in child entry"
            } else {
                "oneOf violation"
            });
            return None;
        };
        if let Some(policy) = LoadBalancing::named(name).filter(|_| *name == name.to_lowercase()) {
            let mut inner = Errors::default();
            let policy = configured(policy, config, &mut inner);
            if !inner.is_empty() {
                errors.add(format!(
                    "errors validating {name} LB policy config: [{inner}]"
                ));
                return None;
            }
            return Some(policy);
        }
        unknown.push(name.as_str());
    }
    errors.add(format!("No known policies in list: {}", unknown.join(" ")));
    None
}

fn configured(policy: LoadBalancing, config: &Value, errors: &mut Errors) -> LoadBalancing {
    let Some(fields) = Fields::of(config, errors) else {
        return policy;
    };
    match policy {
        LoadBalancing::PickFirst { .. } => LoadBalancing::PickFirst {
            shuffle: fields
                .read("shuffleAddressList", errors, boolean)
                .unwrap_or(false),
        },
        LoadBalancing::RoundRobin => policy,
        LoadBalancing::LeastRequest { choices } => {
            let choices = fields.read("choiceCount", errors, whole).unwrap_or(choices);
            if choices < 2 {
                errors.at(".choiceCount".to_owned(), |errors| {
                    errors.add("must be at least 2");
                });
            }
            LoadBalancing::LeastRequest {
                choices: choices.min(MAX_CHOICES),
            }
        }
    }
}
