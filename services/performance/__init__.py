"""How portfolios did: one path from ledgers, closes and rates to every figure of performance."""
