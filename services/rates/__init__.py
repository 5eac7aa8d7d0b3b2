"""What bonds and options that are held hang on: the rate, the underlying, volatility, time."""
