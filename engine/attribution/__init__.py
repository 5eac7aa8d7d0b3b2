"""Why a return differs from a benchmark's: effects of a period, of currencies, of many periods together."""
