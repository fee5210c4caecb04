"""A local Ödüyo: the documented API over real HTTP, with every open point a setting and every failure a rule.

It is a sandbox and nothing else: its control plane asks for no password. It imports nothing from the provider, so that
one misreading of the API cannot hide in both.
"""
