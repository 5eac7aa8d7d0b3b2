"""Why a number is what it is: its formula, what was put in, and where each input came from."""
