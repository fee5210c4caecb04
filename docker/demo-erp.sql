-- After sandbox/erp/demo.sql: Odoo's query finds its tables by the search path, and Airflow gets a user that may only read.
ALTER DATABASE erp SET search_path = public, odoo;
CREATE ROLE airflow LOGIN PASSWORD 'airflow';
GRANT USAGE ON SCHEMA erp, logo, uyumsoft, odoo TO airflow;
GRANT SELECT ON ALL TABLES IN SCHEMA erp, logo, uyumsoft, odoo TO airflow;
