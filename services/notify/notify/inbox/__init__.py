"""What a person was told, in the application: unread first, with receipts, live."""
