-- Netsis on SQL Server: customer codes 1 and 2, stock group and stock codes 1 and 2. Only parsed here, never run on
-- Netsis.
--
-- Confirmed: tables TBLCARIKODn and TBLSTOKKODn with GRUP_KOD and GRUP_ISIM; they have no numeric key, so table and
--   code together are the id. Whoever renames a code makes a new record. Inferred: TBLSTGRUP has the same columns;
--   no active flag.
-- Assumed:   that names are stored as they are shown. Where Turkish letters come out wrong (Þ for Ş), switch the param
--   repair_windows_1254 on. dbo.TRK(), which Netsis brings along, does before the first sync alone: the code is part of
--   the id, so that later each such code would be made a second time.
-- Edit:      firm and branch, and the tables that you use; each place is marked EDIT.
-- Rights:    SELECT on these tables (or the role db_datareader). Nothing is written.
-- status:    what is there is in use. It is sent all the same, so that a code that was made passive because it was
--   missing comes back to life when it is back. Delete the line if people switch codes off in Ödüyo.
-- Left out:  both dates, which these tables do not have; space1 to space5: blanks would wipe what somebody typed
--   into Ödüyo.
SELECT src + ':' + RTRIM(GRUP_KOD)  AS integration_id,
       GRUP_KOD                     AS code,
       '1'                          AS status,
       '1'                          AS key1,    -- EDIT: firm
       '1'                          AS key2,    -- EDIT: branch
       src                          AS typecode,
       GRUP_ISIM                    AS description
  FROM (SELECT 'CARIKOD1' AS src, GRUP_KOD, GRUP_ISIM FROM TBLCARIKOD1      -- EDIT: tables
         UNION ALL
        SELECT 'CARIKOD2', GRUP_KOD, GRUP_ISIM FROM TBLCARIKOD2
         UNION ALL
        SELECT 'STGRUP', GRUP_KOD, GRUP_ISIM FROM TBLSTGRUP
         UNION ALL
        SELECT 'STOKKOD1', GRUP_KOD, GRUP_ISIM FROM TBLSTOKKOD1
         UNION ALL
        SELECT 'STOKKOD2', GRUP_KOD, GRUP_ISIM FROM TBLSTOKKOD2) AS codes
