"""Reads raw rows from the ERP's database, through a DB-API cursor."""
