"""Sources of market data: one file each, all behind `base.Provider`."""
