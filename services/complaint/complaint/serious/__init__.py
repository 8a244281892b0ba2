"""What makes a complaint serious, and who outside must hear of it."""
