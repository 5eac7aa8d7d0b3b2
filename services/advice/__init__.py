"""Advice: rules, policies, trades, optimisers, and the evidence for each of them."""
