-- Uyumsoft on PostgreSQL: the category codes of gnld_category.
--
-- Confirmed: table, cat_code_id, cat_code, description. Assumed: the columns create_date and update_date, and that
--   they are Istanbul time. If your table lacks them the run stops and names the column: delete those two lines
--   then.
-- Edit:      firm and period, and the passive flag; each place is marked EDIT.
-- Rights:    USAGE on the schema, SELECT on the table. Nothing is written.
-- Left out:  status, as the name of the passive flag is not known: a constant would call passive codes active.
--   space1 to space5: a column of blanks here would wipe what somebody typed into Ödüyo.
SELECT cat_code_id  AS integration_id,
       cat_code     AS code,
       -- CASE WHEN ispassive = 1 THEN '0' ELSE '1' END AS status,   -- EDIT: take in with your table's passive flag
       '1'          AS key1,            -- EDIT: firm
       '1'          AS key2,            -- EDIT: period
       'CAT'        AS typecode,
       description,
       CASE WHEN isfinite(create_date) AND extract(year FROM create_date) BETWEEN 1 AND 9998
            THEN create_date END AS special_created_in,
       CASE WHEN isfinite(update_date) AND extract(year FROM update_date) BETWEEN 1 AND 9998
            THEN update_date END AS special_updated_in
  FROM uyumsoft.gnld_category           -- EDIT: schema
