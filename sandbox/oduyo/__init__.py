"""A local Ödüyo."""
