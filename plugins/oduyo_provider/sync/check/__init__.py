"""The site check: finds out how a site handles what the API's documentation leaves open."""
