"""What common factors explain of returns and of risk."""
