"""What the screens show, worked out without a screen: rows, details, sheets, pictures, reports."""
