-- Logo Tiger or GO on SQL Server: the special codes of one firm. Only parsed here, never run on a Logo database.
--
-- Confirmed: the columns of LG_<firm>_SPECODES, and that it has neither a date nor an active flag. Inferred: that
--   Ödüyo's key1 and key2 are firm and period, and typecode is SPECODETYPE.
-- Edit:      firm and period; each place is marked EDIT. The firm stands in two places. LOGICALREF repeats across
--   firms: send one firm only, or make the id unique ('21-' + CAST(LOGICALREF AS varchar(20))).
-- Rights:    SELECT on the table (or the role db_datareader). Nothing is written.
-- status:    Logo keeps no passive codes: what is there is in use. It is sent all the same, so that a code that was
--   made passive because it was missing comes back to life when it is back. Delete the line if people switch codes
--   off in Ödüyo.
-- Left out:  both dates, which Logo does not have. space1 to space5: the five SPETYP flags have no known place in
--   Ödüyo, and a column of blanks here would wipe what somebody typed there. Name them in the SELECT list if you
--   want them.
-- No NOLOCK: a scan without locks may skip rows, and a skipped row looks deleted. The table is small; the lock
--   lasts milliseconds.
SELECT LOGICALREF   AS integration_id,
       SPECODE      AS code,
       '1'          AS status,
       '21'         AS key1,            -- EDIT: firm
       '1'          AS key2,            -- EDIT: period
       SPECODETYPE  AS typecode,
       DEFINITION_  AS description
  FROM dbo.LG_021_SPECODES              -- EDIT: the firm in the table's name
 WHERE CODETYPE = 1
