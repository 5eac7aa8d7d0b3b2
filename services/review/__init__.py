"""What is odd: checks of the ledger with their causes and fixes, statements to reconcile with."""
