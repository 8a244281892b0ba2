"""The browser's way to the services: its session becomes the person's own token."""
