"""The steps from one schema of the store to the next, up and down."""
