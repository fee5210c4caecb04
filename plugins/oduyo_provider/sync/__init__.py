"""The run: staging, snapshot, transform, apply, report."""
