"""The stories of which synthetic records are made, and the figures they are drawn from."""
