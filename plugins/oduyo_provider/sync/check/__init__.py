"""Asks a site how it reads what the API's documentation leaves open."""
