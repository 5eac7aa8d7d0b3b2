"""What the value and the risk of holdings hang on: weights, covariances, bets."""
