//! Names that live as long as the process, in a few large allocations instead of one each.

/// The size of an allocation, unless a name or what is expected asks for another.
const LARGEST_CHUNK: usize = 16 * 1024;
const SMALLEST_CHUNK: usize = 256;

/// Where the names of one file are put.
pub(super) struct Names {
    free: &'static mut [u8],
    chunk: usize,
}

impl Names {
    /// Allocates nothing yet. `expected` is about how many bytes of names will come.
    pub(super) fn new(expected: usize) -> Self {
        Self {
            free: &mut [],
            chunk: expected.clamp(SMALLEST_CHUNK, LARGEST_CHUNK),
        }
    }

    /// Keeps the concatenation of `parts`.
    pub(super) fn keep(&mut self, parts: &[&str]) -> &'static str {
        let length = parts.iter().map(|part| part.len()).sum();
        if self.free.len() < length {
            self.free = Box::leak(vec![0; length.max(self.chunk)].into_boxed_slice());
        }
        let (kept, free) = std::mem::take(&mut self.free).split_at_mut(length);
        self.free = free;
        let mut at = 0;
        for part in parts {
            kept[at..at + part.len()].copy_from_slice(part.as_bytes());
            at += part.len();
        }
        std::str::from_utf8(kept).expect("pieces of text make text")
    }

    /// Joins a name to its scope.
    pub(super) fn join(&mut self, scope: &str, name: &str) -> &'static str {
        if scope.is_empty() {
            self.keep(&[name])
        } else {
            self.keep(&[scope, ".", name])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_were_kept() {
        let mut names = Names::new(0);
        let long = "x".repeat(SMALLEST_CHUNK * 3);
        let kept: Vec<_> = (0..100)
            .map(|n| names.join("a.ü", &format!("m{n}")))
            .collect();
        assert_eq!(names.join("", &long), long);
        assert_eq!(names.keep(&[]), "");
        for (n, name) in kept.iter().enumerate() {
            assert_eq!(*name, format!("a.ü.m{n}"));
        }
    }
}
