"""The repositories: each speaks SQL about its tables and gives plain records or frames; all work in the caller's transaction."""
