"""How the figures of Risk and Benchmark come about: formulas, what they are worked out on, and what screens and REST say of them."""
