//! Random numbers that are the same on every machine: SplitMix64 over integers, no floats.

/// A seeded source of numbers.
pub struct Random {
    state: u64,
}

impl Random {
    /// A source that gives the same numbers for the same seed.
    pub fn seeded(seed: u64) -> Random {
        Random { state: seed }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from `low` to `high`, both included; `low` where `high` is less.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs().saturating_add(1);
        low.saturating_add_unsigned(self.bits() % width)
    }

    /// True in so many of 1,000 cases.
    pub fn in_thousand(&mut self, cases: i64) -> bool {
        self.between(0, 999) < cases
    }

    /// One of the items, each as often as its weight says.
    ///
    /// It takes an array and not a slice, so that an empty list does not compile.
    pub fn weighted<T: Copy, const COUNT: usize>(&mut self, items: [(i64, T); COUNT]) -> T {
        const { assert!(COUNT > 0, "a list to choose from has items") };
        let total: i64 = items.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(1, total);
        let mut chosen = items[0].1;
        for (weight, item) in items {
            if left > 0 {
                chosen = item;
            }
            left -= weight;
        }
        chosen
    }

    /// A number from one of the ranges, both ends included; each range as often as its weight says.
    pub fn within<const COUNT: usize>(&mut self, ranges: [(i64, (i64, i64)); COUNT]) -> i64 {
        let (low, high) = self.weighted(ranges);
        self.between(low, high)
    }

    /// One of the items, each as often as the others.
    pub fn pick<T: Copy, const COUNT: usize>(&mut self, items: [T; COUNT]) -> T {
        self.weighted(items.map(|item| (1, item)))
    }
}
