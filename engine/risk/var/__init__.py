"""Value at risk and expected shortfall: every method, taken apart by holding, and held against what came."""
