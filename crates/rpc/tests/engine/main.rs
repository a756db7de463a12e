//! The client's and the server's engine against each other and against hostile bytes, under a simulated clock.

mod attackers;
mod attacks;
mod bandwidth;
mod calls;
mod endings;
mod memory;
mod pair;
mod schedules;
mod tallies;
