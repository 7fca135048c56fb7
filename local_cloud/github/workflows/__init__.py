"""Runs workflows: GitHub's runner is `act`, and the actions of the marketplace are the folders here."""
