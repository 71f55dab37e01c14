"""Tests; the sample records and the rules of the repository are their data."""
