"""Things to try the provider on: a local Ödüyo and a demo ERP. Imports nothing from oduyo_provider."""
