"""The workbench for rule authors: check, test, cover, format, and see what an edit would change."""
