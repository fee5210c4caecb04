-- DIA on PostgreSQL: project codes. A start to be edited, since nobody has seen DIA's project table here.
--
-- Confirmed: nothing. Inferred: that key1 and key2 are the firm (_level1) and the period (_level2), as with the special
--   codes. Assumed: table and columns, named as DIA names those of sis_ozelkod; that Ödüyo's project codes, which have
--   no field for a code, take the code in description, before the name; that _cdate and _date are Istanbul time.
-- Edit:      table, columns and the firms to send; each place is marked EDIT.
-- Rights:    USAGE on the schema, SELECT on the table. Nothing is written.
-- Left out:  space1 to space5. A column of blanks here would wipe what somebody typed into Ödüyo.
SELECT _key                              AS integration_id,
       durum                             AS status,
       _level1                           AS key1,
       _level2                           AS key2,
       concat_ws(' - ', kod, aciklama)   AS description,
       CASE WHEN isfinite(_cdate) AND extract(year FROM _cdate) BETWEEN 1 AND 9998
            THEN _cdate END AS project_created_in,
       CASE WHEN isfinite(_date) AND extract(year FROM _date) BETWEEN 1 AND 9998
            THEN _date END AS project_updated_in
  FROM erp.prj_proje                    -- EDIT: schema and table
-- WHERE _level1 IN (2, 21)             -- EDIT: take the line in to send these firms only
