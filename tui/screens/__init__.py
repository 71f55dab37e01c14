"""The board, its pages, and the dialogs in which a person acts."""
