"""What is written into the ledger: transactions, transfers, their effects, guards and corrections."""
