"""The plumbing every service stands on; it knows no noun of the business."""
