"""What funds hold: told by hand or by file, kept in versions, and looked through."""
