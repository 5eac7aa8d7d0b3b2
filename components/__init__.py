"""How a value looks: ids, formats, and the pieces that pages are made of. No service, no data, no arithmetic."""
