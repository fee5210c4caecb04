"""Files that the tasks of a run share."""
