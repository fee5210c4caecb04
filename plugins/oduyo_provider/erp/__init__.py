"""The source side: a DB-API cursor becomes raw rows."""
