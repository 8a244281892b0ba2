"""Rule engines that every service uses; they know roles and places, and no service."""
