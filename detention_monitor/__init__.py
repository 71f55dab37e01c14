"""Which duties toward a child in police custody have arisen, are due, done or missed."""

__version__ = "0.1.0"
