"""What tests of a service stand on: real databases from a template, tokens, messages, processes."""
