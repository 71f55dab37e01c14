"""The screens: a Textual app over `detention_monitor`, which never imports it."""
