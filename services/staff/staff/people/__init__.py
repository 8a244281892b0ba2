"""People of staff: who they are, which roles they hold where, until when (P01.9)."""
