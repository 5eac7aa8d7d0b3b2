"""The demo: portfolios a person would recognise, on real prices as far as there are any."""
