"""What a closed case hands over to the archive, and its receipt."""
