"""The live monitor: feeds, the store, alerts and what people did about them (design D8 to D10)."""
