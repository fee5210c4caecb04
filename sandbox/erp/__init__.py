"""A demo ERP on PostgreSQL."""
