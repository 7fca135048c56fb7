"""The pipeline as a whole: its lock, its prerequisites, its status."""
