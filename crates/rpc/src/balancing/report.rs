//! What a server says of its load (ORCA, gRFC A51): with each call in a trailer, or on a stream of its own.

use std::time::Duration;

use crate::protobuf::{Fields, Malformed, Value, put_bytes, put_number};

/// The trailer that holds the report of one call, a serialized `xds.data.orca.v3.OrcaLoadReport`.
pub const TRAILER: &str = "endpoint-load-metrics-bin";

/// The method that gives reports from time to time.
pub const STREAM_LOAD: &str = "/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics";

/// As much of a report as weights are made of. Numbers that are not finite or below zero count as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadReport {
    /// `cpu_utilization`: 1 is all of what the server was given.
    pub cpu: f64,
    /// `application_utilization`, which counts in the CPU's place where it is above zero.
    pub application: f64,
    /// `rps_fractional`: calls a second.
    pub calls: f64,
    /// `eps`: errors a second.
    pub errors: f64,
    /// The greatest of the metrics that the policy names, which counts in the CPU's place where it is above zero and the application's is not (gRFC A114).
    pub named: f64,
}

impl LoadReport {
    /// Reads a serialized `OrcaLoadReport`. `names` are metrics to look for: `mem_utilization` or another of its fields, or `named_metrics.queue`, say, for an entry of one of its maps.
    pub fn read(bytes: &[u8], names: &[String]) -> Result<Self, Malformed> {
        let mut report = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (number, Value::Fixed64(bits)) => {
                    let value = load(bits);
                    let name = match number {
                        1 => {
                            report.cpu = value;
                            "cpu_utilization"
                        }
                        2 => "mem_utilization",
                        6 => {
                            report.calls = value;
                            "rps_fractional"
                        }
                        7 => {
                            report.errors = value;
                            "eps"
                        }
                        9 => {
                            report.application = value;
                            "application_utilization"
                        }
                        _ => continue,
                    };
                    if names.iter().any(|wanted| wanted == name) {
                        report.named = report.named.max(value);
                    }
                }
                (number @ (4 | 5 | 8), Value::Bytes(entry)) if !names.is_empty() => {
                    let map = match number {
                        4 => "request_cost.",
                        5 => "utilization.",
                        _ => "named_metrics.",
                    };
                    let (key, value) = read_entry(entry)?;
                    let mut keys = names.iter().filter_map(|name| name.strip_prefix(map));
                    if keys.any(|wanted| wanted.as_bytes() == key) {
                        report.named = report.named.max(value);
                    }
                }
                _ => {}
            }
        }
        Ok(report)
    }
}

/// A number of a report; zero where it is none.
fn load(bits: u64) -> f64 {
    let value = f64::from_bits(bits);
    if value.is_finite() {
        value.max(0.0)
    } else {
        0.0
    }
}

/// An entry of a `map<string, double>`.
fn read_entry(entry: &[u8]) -> Result<(&[u8], f64), Malformed> {
    let (mut key, mut value) = (&[][..], 0.0);
    for field in Fields::of(entry) {
        match field? {
            (1, Value::Bytes(bytes)) => key = bytes,
            (2, Value::Fixed64(bits)) => value = load(bits),
            _ => {}
        }
    }
    Ok((key, value))
}

/// The request for a stream of reports, one each `interval`.
pub fn stream_request(interval: Duration) -> Vec<u8> {
    let mut duration = Vec::new();
    put_number(1, interval.as_secs(), &mut duration);
    put_number(2, interval.subsec_nanos().into(), &mut duration);
    let mut request = Vec::new();
    put_bytes(1, &duration, &mut request);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(number: u8, value: f64) -> Vec<u8> {
        let mut field = vec![number << 3 | 1];
        field.extend_from_slice(&value.to_le_bytes());
        field
    }

    #[test]
    fn a_report_has_the_numbers_that_count_and_passes_over_the_others() {
        // A named metric stands between them: {"queue": 3.0}.
        let mut named = b"\x0a\x05queue".to_vec();
        named.extend(double(2, 3.0));
        let mut bytes = double(1, 0.5);
        bytes.extend([0x42, u8::try_from(named.len()).unwrap()]);
        bytes.extend(named);
        bytes.extend(
            [
                double(2, 0.9),
                double(6, 100.0),
                double(7, 2.0),
                double(9, 0.25),
            ]
            .concat(),
        );
        let report = LoadReport {
            cpu: 0.5,
            application: 0.25,
            calls: 100.0,
            errors: 2.0,
            named: 0.0,
        };
        assert_eq!(LoadReport::read(&bytes, &[]), Ok(report));
        assert_eq!(LoadReport::read(&bytes[..5], &[]), Err(Malformed));
        for (names, found) in [
            (&["named_metrics.queue"][..], 3.0),
            (&["named_metrics.other", "utilization.queue", "queue"], 0.0),
            (&["mem_utilization", "cpu_utilization"], 0.9),
            (&["mem_utilization", "named_metrics.queue"], 3.0),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let report = LoadReport::read(&bytes, &names);
            assert_eq!(report.map(|report| report.named), Ok(found), "{names:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_zero() {
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(
                LoadReport::read(&double(1, value), &[]),
                Ok(LoadReport::default())
            );
        }
    }

    #[test]
    fn the_request_names_the_interval() {
        let request = stream_request(Duration::from_millis(1_500));
        assert_eq!(request, b"\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01");
    }
}
