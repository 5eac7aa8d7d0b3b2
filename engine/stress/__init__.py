"""What holdings would lose: in episodes of the past, under shocks of one's own, and what it takes to lose so much."""
