"""Risk of the actor's portfolios: what they are exposed to today, how that moved in the past, and every figure of it."""
