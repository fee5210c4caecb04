"""What is kept of a site between runs, and who may write to it."""
