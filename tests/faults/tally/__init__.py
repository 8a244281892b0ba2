"""A service that only counts: one row an event, guarded by nothing but the inbox and the lease of its job.

What the product's own services write is mostly harmless to write twice. Here a second effect is a second row.
"""
