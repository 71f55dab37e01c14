"""Speed and memory, measured on generated records; never part of the tests."""
