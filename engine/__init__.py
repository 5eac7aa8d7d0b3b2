"""What is true about a portfolio: pure arithmetic on pandas and numpy, usable from a notebook alone."""
