"""Shipments: asked for, released or held with the ways out, invoiced, issued, delivered (P11.4–P11.9)."""
