"""Tells others what a run did: alerts, metrics, lineage, links, assets."""
