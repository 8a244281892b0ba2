"""The ways out: mail by SMTP, SMS by a gateway; in development both end in a sink that can be read."""
