"""Papers as PDF: one typst source a form, its data as JSON."""
