"""What the warehouse says has left it, reconciled with what was released (P11.11)."""
