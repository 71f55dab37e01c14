"""What the screens are made of: lists and texts drawn row by row."""
