"""The demo behind ``make run`` and ``make ui``: a demo ERP, a local Ödüyo and a real Airflow, started, used and stopped.

``python -m sandbox.demo run|ui|stop [--state DIR]``. Everything that it writes lies in the state folder.
"""
