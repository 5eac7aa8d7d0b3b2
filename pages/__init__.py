"""Where things are on the screen. Dash imports these; nobody else does."""
