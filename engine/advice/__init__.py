"""Advice on one's own holdings: rules, targets, trades, and what became of strategies like it."""
