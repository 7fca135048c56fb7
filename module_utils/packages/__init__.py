"""Packages of a host, and what runs of them."""
