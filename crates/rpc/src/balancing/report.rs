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
}

impl LoadReport {
    /// Reads a serialized `OrcaLoadReport`.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut report = Self::default();
        for field in Fields::of(bytes) {
            if let (number, Value::Fixed64(bits)) = field? {
                let value = f64::from_bits(bits);
                let value = if value.is_finite() {
                    value.max(0.0)
                } else {
                    0.0
                };
                match number {
                    1 => report.cpu = value,
                    6 => report.calls = value,
                    7 => report.errors = value,
                    9 => report.application = value,
                    _ => {}
                }
            }
        }
        Ok(report)
    }
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
        };
        assert_eq!(LoadReport::read(&bytes), Ok(report));
        assert_eq!(LoadReport::read(&bytes[..5]), Err(Malformed));
    }

    #[test]
    fn what_is_no_number_is_zero() {
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(
                LoadReport::read(&double(1, value)),
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
