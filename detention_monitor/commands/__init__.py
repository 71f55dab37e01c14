"""The commands, one module for each room: replay, explain, generate, the board, the rules."""
