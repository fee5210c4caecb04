"""A small SQL Server on the wire (TDS 7.4 without TLS), so that the real drivers can be driven, faults included."""
