-- Mikro V16 or V17 on SQL Server: customer groups and stock main groups. Only parsed here, never run on a Mikro
-- database.
--
-- Inferred:  tables and columns, from Mikro's naming (crg_ and san_ prefixes, a Guid for each row since V16).
-- Edit:      firm and branch, and the tables that you use; each place is marked EDIT.
-- Rights:    SELECT on these tables (or the role db_datareader). Nothing is written.
-- Left out:  space1 to space5: a column of blanks here would wipe what somebody typed into Ödüyo.
-- Raw on purpose: Mikro's empty date (1899-12-30) is left out by the program. The Guid is written in lower case, as
--   drivers disagree about its letters and the id must never change.
SELECT LOWER(CAST(guid AS varchar(36)))  AS integration_id,
       kod                               AS code,
       CASE WHEN iptal = 1 OR hidden = 1 THEN '0' ELSE '1' END AS status,
       '1'                               AS key1,    -- EDIT: firm
       '1'                               AS key2,    -- EDIT: branch
       src                               AS typecode,
       isim                              AS description,
       created                           AS special_created_in,
       updated                           AS special_updated_in
  FROM (SELECT 'CRG' AS src, crg_Guid AS guid, crg_kod AS kod, crg_isim AS isim, crg_iptal AS iptal,
               crg_hidden AS hidden, crg_create_date AS created, crg_lastup_date AS updated
          FROM CARI_HESAP_GRUPLARI                   -- EDIT: tables
         UNION ALL
        SELECT 'SAN', san_Guid, san_kod, san_isim, san_iptal, san_hidden, san_create_date, san_lastup_date
          FROM STOK_ANA_GRUPLARI) AS codes
