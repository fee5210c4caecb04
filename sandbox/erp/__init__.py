"""A demo ERP on PostgreSQL: a server, its tables, and the edits that a user might make.

``python -m sandbox.erp start|load|edit|stop --data DIR``
"""
