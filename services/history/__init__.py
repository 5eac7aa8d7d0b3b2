"""Daily bars of the past: fetched, judged, confirmed, kept."""
