"""Files in and out: our own format, tables of any other layout, and what their cells mean. Nothing here asks the database."""
