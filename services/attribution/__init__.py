"""Why a portfolio did better or worse than its benchmark, what moved it, and what its risk hangs on."""
