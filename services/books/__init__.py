"""Booked ledgers, kept for as long as they are good, and what they are valued with."""
