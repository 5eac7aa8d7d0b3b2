"""Where facts live and come from: PostgreSQL, Redis, the clock, the settings, the market's providers."""
