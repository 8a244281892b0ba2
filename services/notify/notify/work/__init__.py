"""Calls everybody's work to mind: reminders in one digest, what was missed at once, approvals when they arrive."""
