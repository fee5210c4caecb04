-- Logo Tiger or GO, mirrored from SQL Server into PostgreSQL: the special codes of one firm.
--
-- Confirmed: the columns of LG_<firm>_SPECODES, and that it has neither a date nor an active flag. Assumed: that
--   the mirror writes names in lower case. Inferred: that Ödüyo's key1 and key2 are firm and period, and typecode
--   is SPECODETYPE.
-- Edit:      schema, firm and period; each place is marked EDIT. The firm stands in two places. LOGICALREF repeats
--   across firms: send one firm only, or make the id unique (firm || '-' || logicalref).
-- Rights:    USAGE on the schema, SELECT on the table. Nothing is written.
-- status:    Logo keeps no passive codes: what is there is in use. It is sent all the same, so that a code that was
--   made passive because it was missing comes back to life when it is back. Delete the line if people switch codes
--   off in Ödüyo.
-- Left out:  both dates, which Logo does not have. space1 to space5: the five SPETYP flags have no known place in
--   Ödüyo, and a column of blanks here would wipe what somebody typed there. Name them in the SELECT list if you
--   want them.
SELECT logicalref   AS integration_id,
       specode      AS code,
       '1'          AS status,
       '21'         AS key1,            -- EDIT: firm
       '1'          AS key2,            -- EDIT: period
       specodetype  AS typecode,
       definition_  AS description
  FROM logo.lg_021_specodes             -- EDIT: schema, and the firm in the table's name
 WHERE codetype = 1
