"""A local Ödüyo: the documented API over real HTTP.

Every open point of the documentation is a *reading*, every failure at a seeded moment a *fault*, and every way in which a
real site treats what it is sent a *habit* (``--help`` lists them). A *person* at the panel changes records, at once or when
a certain call comes.

It is a sandbox and nothing else: its control plane asks for no password. It imports nothing from the provider, so that
one misreading of the API cannot hide in both.
"""
