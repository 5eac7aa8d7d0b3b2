"""The market as a screen sees it: prices with their states, quotes held back, candles, providers, endpoints."""
