-- Odoo on PostgreSQL: partner tags (PCAT) and product categories (PRODCAT).
--
-- Confirmed: tables and columns; that names are jsonb by language since Odoo 16 (older ones are plain text, which
--   works too); that Odoo keeps its times in UTC, hence AT TIME ZONE: the program turns them into Istanbul time.
-- Inferred:  that a tag or category is what you call a special code. Neither has a code, so the id is the code too.
-- Edit:      company and period, marked EDIT. The tables are found by the connection's search_path (Odoo uses
--   public).
-- Rights:    SELECT on both tables. Nothing is written.
-- status:    tags have an active flag; product categories cannot be switched off.
-- Left out:  space1 to space5 (parent_id would fit one): a column of blanks here would wipe what somebody typed
--   into Ödüyo.
SELECT src || '-' || id  AS integration_id,
       src || '-' || id  AS code,
       active            AS status,
       '1'               AS key1,       -- EDIT: company
       '1'               AS key2,       -- EDIT: period
       src               AS typecode,
       CASE WHEN jsonb_typeof(names) = 'string' THEN names #>> '{}'
            ELSE coalesce(names ->> 'tr_TR', names ->> 'en_US') END AS description,
       CASE WHEN isfinite(create_date) AND extract(year FROM create_date) BETWEEN 1 AND 9998
            THEN create_date AT TIME ZONE 'UTC' END AS special_created_in,
       CASE WHEN isfinite(write_date) AND extract(year FROM write_date) BETWEEN 1 AND 9998
            THEN write_date AT TIME ZONE 'UTC' END AS special_updated_in
  FROM (SELECT 'PCAT' AS src, id, active, to_jsonb(name) AS names, create_date, write_date
          FROM res_partner_category
         UNION ALL
        SELECT 'PRODCAT', id, true, to_jsonb(name), create_date, write_date
          FROM product_category) AS codes
