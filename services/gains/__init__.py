"""Realised gains by the rules of a country, with terms and flags."""
