-- DIA on PostgreSQL: the special codes of sis_ozelkod.
--
-- Confirmed: table and columns (DIA's model SisOzelkod). Inferred: that Ödüyo's key1 and key2 are the firm
--   (_level1) and the period (_level2), and typecode is turkodu. Assumed: the schema's name; that _cdate and _date
--   are Istanbul time.
-- Edit:      the schema, and the firms to send; each place is marked EDIT.
-- Rights:    USAGE on the schema, SELECT on the table. Nothing is written.
-- Left out:  space1 to space5, which DIA does not have. A column of blanks here would wipe what somebody typed into
--   Ödüyo.
-- Raw on purpose: blanks, durum (A/P) and NULLs are read by the program. Only dates that a driver cannot take are
--   guarded: psycopg 3 gives up on an infinite one, both drivers on one before the year 1 or after 9999.
SELECT _key      AS integration_id,
       kod       AS code,
       durum     AS status,
       _level1   AS key1,
       _level2   AS key2,
       turkodu   AS typecode,
       aciklama  AS description,
       CASE WHEN isfinite(_cdate) AND extract(year FROM _cdate) BETWEEN 1 AND 9998
            THEN _cdate END AS special_created_in,
       CASE WHEN isfinite(_date) AND extract(year FROM _date) BETWEEN 1 AND 9998
            THEN _date END AS special_updated_in
  FROM erp.sis_ozelkod                  -- EDIT: schema
-- WHERE _level1 IN (2, 21)             -- EDIT: take the line in to send these firms only
