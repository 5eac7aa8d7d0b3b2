"""What single instruments are worth and how they move: bonds by their yield, options by their underlying."""
