//! Policies that spread calls over addresses, by the names that configs use.

use std::time::Duration;

use serde_json::Value;

use super::fields::{Errors, Fields, array, boolean, not_negative, text, time, whole};

/// `choiceCount` where the config does not say (gRFC A48).
const DEFAULT_CHOICES: u32 = 2;

/// The greatest `choiceCount`; a greater one counts as this (gRFC A48).
const MAX_CHOICES: u32 = 10;

/// The least time between two looks at the weights (gRFC A58).
const MIN_WEIGHT_UPDATE: Duration = Duration::from_millis(100);

/// The greatest ring that a config may name (gRFC A42).
pub const MAX_RING_SIZE: u32 = 8 << 20;

/// The greatest ring that is made, where a channel does not say otherwise; a greater one counts as this (gRFC A42).
pub const RING_SIZE_CAP: u32 = 4096;

/// The least time between two looks at how calls ended.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// How calls are spread over a target's addresses.
#[derive(Clone, Debug, PartialEq)]
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
    /// Each address has a connection; they take turns in proportion to what their load reports make of them (gRFC A58).
    WeightedRoundRobin(WeightedRoundRobin),
    /// Calls with the same key go to the same address (gRFC A42, A76).
    RingHash(RingHash),
}

/// How load reports become weights (gRFC A58).
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedRoundRobin {
    /// Whether reports come on a stream of their own; otherwise they come with each call. Default false.
    pub out_of_band: bool,
    /// How often a report comes on that stream. Default 10 s.
    pub reporting_period: Duration,
    /// How long reports must have come before they count. Default 10 s.
    pub blackout: Duration,
    /// After how long without a report the last one counts no more. Default 3 minutes.
    pub weight_expiration: Duration,
    /// How often the weights of the turns are set. Default 1 s, at least 100 ms.
    pub weight_update: Duration,
    /// What the share of calls that fail is multiplied by before it counts as load. Default 1.
    pub error_utilization_penalty: f64,
    /// Metrics of which the greatest counts as load where the server reports no `application_utilization` (gRFC A114). Default none, which leaves the CPU's.
    pub metrics: Vec<String>,
}

impl Default for WeightedRoundRobin {
    fn default() -> Self {
        Self {
            out_of_band: false,
            reporting_period: Duration::from_secs(10),
            blackout: Duration::from_secs(10),
            weight_expiration: Duration::from_secs(180),
            weight_update: Duration::from_secs(1),
            error_utilization_penalty: 1.0,
            metrics: Vec::new(),
        }
    }
}

/// How large the ring is, and what a call's key is (gRFC A42, A76).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingHash {
    /// The least number of places on the ring. Default 1,024.
    pub min_size: u32,
    /// The greatest number. Default 4,096.
    pub max_size: u32,
    /// The metadata key whose value is a call's key, in lower case.
    pub request_hash_header: Option<String>,
}

impl Default for RingHash {
    fn default() -> Self {
        Self {
            min_size: 1024,
            max_size: RING_SIZE_CAP,
            request_hash_header: None,
        }
    }
}

/// What both algorithms of outlier detection are told (gRFC A50).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// In how many of a hundred cases a server that is found out is left out. Default 100.
    pub enforcement: u32,
    /// With fewer servers that have enough calls, none is left out. Default 5.
    pub minimum_hosts: u32,
    /// A server with fewer calls in an interval is not judged. Default 100, and 50 for failure percentage.
    pub request_volume: u32,
}

/// When servers are left out for a while because their calls fail (gRFC A50).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlierDetection {
    /// The time between two looks. Default 10 s, at least 10 ms.
    pub interval: Duration,
    /// How long a server is left out the first time; each further time adds as much. Default 30 s.
    pub base_time: Duration,
    /// The longest such time, if the base is not longer. Default 300 s.
    pub max_time: Duration,
    /// While as many of a hundred servers are left out, no other one is. Default 10.
    pub max_percent: u32,
    /// Who is so many thousandths of a standard deviation below the mean rate of success is left out. Default 1,900, if it is named at all.
    pub success_rate: Option<(Ejection, u32)>,
    /// Who fails more than so many calls of a hundred is left out. Default 85, if it is named at all.
    pub failure_percentage: Option<(Ejection, u32)>,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            base_time: Duration::from_secs(30),
            max_time: Duration::from_secs(300),
            max_percent: 10,
            success_rate: None,
            failure_percentage: None,
        }
    }
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
            "weighted_round_robin" => Some(Self::WeightedRoundRobin(WeightedRoundRobin::default())),
            "ring_hash" | "ring_hash_experimental" => Some(Self::RingHash(RingHash::default())),
            _ => None,
        }
    }

    /// Whether each address has a connection of its own.
    pub const fn is_per_address(&self) -> bool {
        !matches!(self, Self::PickFirst { .. })
    }
}

/// A policy, and what leaves servers out before it.
pub(super) type Balancing = (LoadBalancing, Option<OutlierDetection>);

/// Reads `loadBalancingConfig`: the first policy that is known counts.
pub(super) fn read(value: &Value, errors: &mut Errors) -> Option<Balancing> {
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
        let mut inner = Errors::default();
        let found = if matches!(
            name.as_str(),
            "outlier_detection" | "outlier_detection_experimental"
        ) {
            outlier_detection(config, &mut inner)
        } else if let Some(policy) =
            LoadBalancing::named(name).filter(|_| *name == name.to_lowercase())
        {
            Some((configured(policy, config, &mut inner), None))
        } else {
            unknown.push(name.as_str());
            continue;
        };
        if !inner.is_empty() {
            let name = name.trim_end_matches("_experimental");
            errors.add(format!(
                "errors validating {name} LB policy config: [{inner}]"
            ));
            return None;
        }
        return found;
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
        LoadBalancing::WeightedRoundRobin(default) => {
            LoadBalancing::WeightedRoundRobin(weighted_round_robin(&fields, &default, errors))
        }
        LoadBalancing::RingHash(default) => {
            LoadBalancing::RingHash(ring_hash(&fields, &default, errors))
        }
    }
}

fn weighted_round_robin(
    fields: &Fields<'_>,
    default: &WeightedRoundRobin,
    errors: &mut Errors,
) -> WeightedRoundRobin {
    let mut duration = |name, default| fields.read(name, errors, time).unwrap_or(default);
    let reporting_period = duration("oobReportingPeriod", default.reporting_period);
    let blackout = duration("blackoutPeriod", default.blackout);
    let weight_expiration = duration("weightExpirationPeriod", default.weight_expiration);
    let weight_update = duration("weightUpdatePeriod", default.weight_update);
    WeightedRoundRobin {
        out_of_band: fields
            .read("enableOobLoadReport", errors, boolean)
            .unwrap_or(default.out_of_band),
        reporting_period,
        blackout,
        weight_expiration,
        weight_update: weight_update.max(MIN_WEIGHT_UPDATE),
        error_utilization_penalty: fields
            .read("errorUtilizationPenalty", errors, not_negative)
            .unwrap_or(default.error_utilization_penalty),
        metrics: fields
            .read(
                "metricNamesForComputingUtilization",
                errors,
                |value, errors| {
                    array(value, errors, |name, errors| {
                        text(name, errors).map(str::to_owned)
                    })
                },
            )
            .unwrap_or_default(),
    }
}

fn ring_hash(fields: &Fields<'_>, default: &RingHash, errors: &mut Errors) -> RingHash {
    let mut size = |name, default| {
        let size = fields.read(name, errors, |value, errors| {
            let size = whole(value, errors)?;
            if !(1..=MAX_RING_SIZE).contains(&size) {
                errors.add(format!("must be in the range [1, {MAX_RING_SIZE}]"));
                return None;
            }
            Some(size)
        });
        size.unwrap_or(default)
    };
    let min_size = size("minRingSize", default.min_size);
    let max_size = size("maxRingSize", default.max_size);
    if min_size > max_size {
        errors.add("maxRingSize cannot be smaller than minRingSize");
    }
    let header = fields.read("requestHashHeader", errors, |value, errors| {
        let name = text(value, errors)?;
        if name.ends_with("-bin") {
            errors.add("may not be a binary header");
        }
        (!name.is_empty()).then(|| name.to_ascii_lowercase())
    });
    RingHash {
        min_size,
        max_size,
        request_hash_header: header,
    }
}

fn outlier_detection(config: &Value, errors: &mut Errors) -> Option<Balancing> {
    let default = OutlierDetection::default();
    let fields = Fields::of(config, errors)?;
    let mut duration = |name, default| fields.read(name, errors, time).unwrap_or(default);
    let interval = duration("interval", default.interval).max(MIN_INTERVAL);
    let base_time = duration("baseEjectionTime", default.base_time);
    let max_time = duration("maxEjectionTime", default.max_time);
    let max_percent = percent(
        &fields,
        "maxEjectionPercent",
        ".max_ejection_percent",
        errors,
    );
    let success_rate = fields.read("successRateEjection", errors, |value, errors| {
        let fields = Fields::of(value, errors)?;
        let factor = fields.read("stdevFactor", errors, whole).unwrap_or(1900);
        Some((ejection(&fields, 100, errors), factor))
    });
    let failure_percentage = fields.read("failurePercentageEjection", errors, |value, errors| {
        let fields = Fields::of(value, errors)?;
        let threshold = percent(&fields, "threshold", ".threshold", errors).unwrap_or(85);
        Some((ejection(&fields, 50, errors), threshold))
    });
    let (child, inner) = fields.require("childPolicy", errors, read)?;
    if inner.is_some() {
        errors.at(".childPolicy".to_owned(), |errors| {
            errors.add("outlier detection within outlier detection");
        });
    }
    let detection = OutlierDetection {
        interval,
        base_time,
        max_time,
        max_percent: max_percent.unwrap_or(default.max_percent),
        success_rate,
        failure_percentage,
    };
    Some((child, Some(detection)))
}

fn ejection(fields: &Fields<'_>, request_volume: u32, errors: &mut Errors) -> Ejection {
    let enforcement = percent(
        fields,
        "enforcementPercentage",
        ".enforcement_percentage",
        errors,
    );
    let mut number = |name, default| fields.read(name, errors, whole).unwrap_or(default);
    Ejection {
        enforcement: enforcement.unwrap_or(100),
        minimum_hosts: number("minimumHosts", 5),
        request_volume: number("requestVolume", request_volume),
    }
}

/// A share of a hundred. grpcio names the field in another way than the config does where it is too great.
fn percent(fields: &Fields<'_>, name: &str, place: &str, errors: &mut Errors) -> Option<u32> {
    let percent = fields.read(name, errors, whole)?;
    if percent > 100 {
        errors.at(place.to_owned(), |errors| {
            errors.add("value must be <= 100");
        });
        return None;
    }
    Some(percent)
}
