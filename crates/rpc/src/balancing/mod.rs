//! The deciders of load balancing: values that are told what happened and when, and say which server gets the next call.
//!
//! [`Outliers`] leaves out servers that fail more than the others, [`Weight`] and [`Schedule`] share calls out by what servers report of their load, [`Ring`] sends calls with the same key to the same server. None knows an address, a connection or a clock; [`LoadReport`] is what a server reports.

mod outliers;
mod report;
mod ring;
mod schedule;
mod weight;

pub use outliers::{Outliers, Verdict};
pub use report::{LoadReport, STREAM_LOAD, TRAILER, stream_request};
pub use ring::{Ring, hash};
pub use schedule::Schedule;
pub use weight::Weight;
