"""How returns are spread, fall, pay and fail: every figure of one series or of a thousand at once."""
