"""Where goods went, by product and batch, from our warehouse down the channel (P02.3)."""
