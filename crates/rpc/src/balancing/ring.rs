//! The ring of `ring_hash` (gRFC A42): servers at many places of a circle of hashes, and a call goes to the first one from its own hash on.

use twox_hash::XxHash64;

use crate::service_config::RingHash;

/// The hash of a call's key, or of a server's place: XXH64 with seed 0, as every gRPC has it.
pub fn hash(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

/// See the module's documentation. Servers are numbers from 0.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    /// By hash.
    places: Vec<(u64, u32)>,
    servers: usize,
}

impl Ring {
    /// The ring of servers with these names, each with as many places as the others, give or take one. The number of places in all is the least multiple of the number of servers that is not below the config's least, or the config's greatest. Both are `cap` at most.
    pub fn new(names: &[String], config: &RingHash, cap: u32) -> Self {
        let count = names.len();
        if count == 0 {
            return Self::default();
        }
        let sizes = [config.min_size, config.max_size];
        let [least, most] = sizes.map(|size| size.min(cap) as usize);
        let size = (least.div_ceil(count) * count).min(most);
        let mut places = Vec::with_capacity(size);
        for (server, name) in (0_u32..).zip(names) {
            // The places of all servers up to this one, so that the ring is shared out without a remainder.
            let end = (size * (server as usize + 1)).div_ceil(count);
            for number in 0..end.saturating_sub(places.len()) {
                places.push((hash(format!("{name}_{number}").as_bytes()), server));
            }
        }
        places.sort_unstable();
        Self {
            places,
            servers: count,
        }
    }

    /// The servers in the order of their first place from `hash` on.
    pub fn from(&self, hash: u64) -> impl Iterator<Item = usize> {
        let start = self.places.partition_point(|(place, _)| *place < hash);
        let (before, after) = self.places.split_at(start);
        let mut seen = vec![false; self.servers];
        after.iter().chain(before).filter_map(move |(_, server)| {
            let server = *server as usize;
            let fresh = seen
                .get_mut(server)
                .is_some_and(|seen| !std::mem::replace(seen, true));
            fresh.then_some(server)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service_config::RING_SIZE_CAP;

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|server| format!("10.0.0.{server}:80"))
            .collect()
    }

    fn config(min_size: u32, max_size: u32) -> RingHash {
        RingHash {
            min_size,
            max_size,
            ..RingHash::default()
        }
    }

    #[test]
    fn the_cap_is_the_most_whatever_the_config_says() {
        for (cap, places) in [(1, 1), (40, 40), (5000, 5000)] {
            let ring = Ring::new(&names(4), &config(5000, 9000), cap);
            assert_eq!(ring.places.len(), places);
        }
    }

    #[test]
    fn hashes_are_xxh64() {
        // The reference implementation's own values.
        assert_eq!(hash(b""), 0xef46_db37_51d8_e999);
        assert_eq!(hash(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(hash(b"abc"), 0x44bc_2cf5_ad77_0999);
    }

    #[test]
    fn the_ring_has_a_multiple_of_the_servers_within_its_bounds() {
        for (servers, min, max, size) in [
            (1, 1024, 4096, 1024),
            (3, 1024, 4096, 1026),
            (5, 10, 4096, 10),
            (7, 10, 12, 12),
            (20, 10, 12, 12),
            (0, 10, 12, 0),
        ] {
            let ring = Ring::new(&names(servers), &config(min, max), RING_SIZE_CAP);
            assert_eq!(ring.places.len(), size, "{servers} servers");
        }
    }

    #[test]
    fn a_server_that_leaves_takes_only_its_own_calls_along() {
        let all = names(10);
        // A hundred places each, with it and without it.
        let ring = Ring::new(&all, &config(1000, 4096), RING_SIZE_CAP);
        let fewer = Ring::new(&all[..9], &config(900, 4096), RING_SIZE_CAP);
        for key in 0..1000_u32 {
            let key = hash(&key.to_le_bytes());
            let before = ring.from(key).next().unwrap();
            if before != 9 {
                assert_eq!(fewer.from(key).next(), Some(before), "{key}");
            }
        }
    }

    #[test]
    fn keys_are_shared_out_about_evenly() {
        let ring = Ring::new(&names(4), &config(4096, 4096), RING_SIZE_CAP);
        let mut counts = [0_u32; 4];
        for key in 0..10_000_u32 {
            counts[ring.from(hash(&key.to_le_bytes())).next().unwrap()] += 1;
        }
        assert!(
            counts.iter().all(|count| (2000..3000).contains(count)),
            "{counts:?}"
        );
    }

    proptest! {
        #[test]
        fn each_server_comes_once_and_the_nearest_first(servers in 1_usize..30, key: u64) {
            let ring = Ring::new(&names(servers), &config(64, 4096), RING_SIZE_CAP);
            let order: Vec<_> = ring.from(key).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..servers).collect::<Vec<_>>());
            // The distance round the circle, which overflows on purpose.
            let nearest = ring.places.iter().min_by_key(|(place, _)| place.wrapping_sub(key)).unwrap();
            prop_assert_eq!(order[0], nearest.1 as usize);
        }
    }
}
