"""What is done about a founded complaint, from the hand-over to the customer's reaction."""
