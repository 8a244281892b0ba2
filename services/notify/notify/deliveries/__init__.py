"""What is told, each message once a subscription, tried until it is taken."""
