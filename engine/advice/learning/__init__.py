"""Models that learn, each with its score against the naive one: not used where it does not beat it."""
