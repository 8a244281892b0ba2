"""Policy documents: who drafted, reviewed and approved them, from when they hold, which they end."""
