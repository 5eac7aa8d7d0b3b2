"""Files taken in and given out, run by run."""
