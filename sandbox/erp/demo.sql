-- Demo ERP for PostgreSQL 15 or newer: 3,500 special codes in DIA's shape, a Logo mirror of 1,000 + 500, and a few dozen
-- rows each in Uyumsoft's and Odoo's shape and of project codes, so that every PostgreSQL query of dags/sql runs on it.
-- Deterministic (md5 of the row number, no random()), may be run again at any time, Turkish, and dirty on purpose.
-- Needs no ICU collation, so that embedded servers built without ICU run it too.
-- DIA's shape: the model SisOzelkod. Logo's: the 18 physical columns of LG_XXX_SPECODES.
--
-- It never drops what it did not make: its tables and schemas carry a comment, and it stops at others of the same names.
-- To let it take such schemas over: SET demo.force = 'on'. Even then it drops only the tables that it makes itself.
BEGIN;
SET LOCAL client_min_messages = warning;

DO $guard$
DECLARE
  mark CONSTANT text := 'demo ERP of airflow-provider-oduyo';
  foreign_things text;
BEGIN
  IF coalesce(current_setting('demo.force', true), '') = 'on' THEN RETURN; END IF;
  SELECT string_agg(thing, ', ' ORDER BY thing) INTO foreign_things FROM (
    SELECT 'schema ' || n.nspname AS thing FROM pg_namespace n
     WHERE n.nspname IN ('erp', 'logo', 'uyumsoft', 'odoo')
       AND obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM mark
       AND (EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid)
            OR EXISTS (SELECT FROM pg_proc f WHERE f.pronamespace = n.oid)
            OR EXISTS (SELECT FROM pg_type t WHERE t.typnamespace = n.oid))
    UNION ALL
    SELECT 'table ' || t.name FROM unnest(ARRAY['erp.sis_ozelkod', 'erp.prj_proje', 'logo.lg_021_specodes',
        'logo.lg_022_specodes', 'uyumsoft.gnld_category', 'odoo.res_partner_category', 'odoo.product_category']) AS t(name)
     WHERE to_regclass(t.name) IS NOT NULL
       AND obj_description(to_regclass(t.name), 'pg_class') IS DISTINCT FROM mark) AS found;
  IF foreign_things IS NOT NULL THEN
    RAISE EXCEPTION 'This database holds % that the demo ERP did not make, and it would be overwritten.', foreign_things
      USING HINT = 'Use an empty database for the demo ERP, or SET demo.force = ''on'' if nobody needs it.';
  END IF;
END $guard$;

CREATE SCHEMA IF NOT EXISTS erp;
CREATE SCHEMA IF NOT EXISTS logo;
CREATE SCHEMA IF NOT EXISTS uyumsoft;
CREATE SCHEMA IF NOT EXISTS odoo;
-- Without CASCADE: a view that somebody built on one of them stops this script instead of vanishing.
DROP TABLE IF EXISTS erp.sis_ozelkod, erp.prj_proje, logo.lg_021_specodes, logo.lg_022_specodes, uyumsoft.gnld_category,
                     odoo.res_partner_category, odoo.product_category;

CREATE TABLE erp.sis_ozelkod (
  _key     bigint PRIMARY KEY,
  _level1  integer NOT NULL DEFAULT 32767,   -- firma kodu  (32767 = model default)
  _level2  integer NOT NULL DEFAULT 32767,   -- dönem kodu
  _owner   bigint  NOT NULL DEFAULT 0,
  _user    bigint  NOT NULL DEFAULT 0,
  _serial  integer,
  turkodu  varchar(8)   NOT NULL DEFAULT 'HK1',
  kod      varchar(256) NOT NULL DEFAULT '',
  aciklama varchar(256) DEFAULT '',
  durum    varchar(1)   DEFAULT 'A',
  note     text,
  _cdate   timestamp,
  _date    timestamp
);
CREATE INDEX ON erp.sis_ozelkod (_date, _key);

-- what a naive MSSQL -> PostgreSQL mirror leaves: lower-case names, CHAR padding, float ids
CREATE TABLE logo.lg_021_specodes (
  logicalref double precision NOT NULL, codetype smallint, specodetype smallint,
  specode char(41), definition_ char(51), color smallint, wincolor integer,
  siteid smallint, recstatus smallint, orglogicref integer,
  spetyp1 smallint, spetyp2 smallint, spetyp3 smallint, spetyp4 smallint, spetyp5 smallint,
  globalid varchar(51), definition2 varchar(51), definition3 varchar(51)
);
CREATE TABLE logo.lg_022_specodes (LIKE logo.lg_021_specodes);   -- 2nd firm: LOGICALREF values collide

CREATE OR REPLACE FUNCTION pg_temp.h(n bigint, salt text, m bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x'||substr(md5(salt||n::text),1,8))::bit(32)::bigint & 2147483647) % m $$;
CREATE OR REPLACE FUNCTION pg_temp.pick(a text[], k bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT a[1 + (k % array_length(a,1))::int] $$;

CREATE TEMP TABLE v ON COMMIT DROP AS SELECT
 ARRAY['İSTANBUL','IĞDIR','İZMİR','ISPARTA','ŞIRNAK','ÇANKIRI','KIRŞEHİR','MUĞLA','DİYARBAKIR','ELAZIĞ','ŞANLIURFA',
       'GÜMÜŞHANE','ESKİŞEHİR','BALIKESİR','TEKİRDAĞ','KÜTAHYA','UŞAK','AĞRI','TUNCELİ','BARTIN','NİĞDE','SİİRT','ÇORUM','ANTALYA'] il,
 ARRAY['BAYİ','TOPTAN','PERAKENDE','E-TİCARET','YURTDIŞI','KURUMSAL','KAMU','ZİNCİR MAĞAZA','İHRACAT','PAZARYERİ'] kanal,
 ARRAY['GIDA','İNŞAAT','TEKSTİL','OTOMOTİV','KIRTASİYE','MOBİLYA','İLAÇ','AYDINLATMA','ÇİMENTO','ZÜCCACİYE','HIRDAVAT','AMBALAJ'] sektor,
 ARRAY['PEŞİN','30 GÜN VADE','60 GÜN VADE','90 GÜN ÇEK','KREDİ KARTI','HAVALE/EFT','SENET','AÇIK HESAP'] odeme,
 ARRAY['KİRA GİDERİ','NAKLİYE','ELEKTRİK','DANIŞMANLIK','BAKIM ONARIM','YAKIT','SİGORTA','İŞÇİLİK','HABERLEŞME','AĞIRLAMA'] hizmet,
 ARRAY['HK1','HK2','HK3','IK','MK','SEK','AF','SF','AI','SI','AS','VS','M1','M2','CHK1','CHK2','CHK3'] tur,   -- CHK1/CHK2 inferred
 ARRAY[1,1,1,26,26,26,26,22,23,24,25,14,15,18,19,27,29,30,31,32,33,34,35,36,37,40,43,44,50] spe;

INSERT INTO erp.sis_ozelkod (_key,_level1,_level2,_owner,_user,_serial,turkodu,kod,aciklama,durum,note,_cdate,_date)
SELECT 160000 + n*3,
       CASE WHEN pg_temp.h(n,'f',10)=0 THEN 32767 ELSE (ARRAY[2,2,2,2,21])[1+pg_temp.h(n,'g',5)::int] END,
       CASE WHEN pg_temp.h(n,'f',10)=0 THEN 32767 ELSE 1 END,
       12, 12, n, t,
       b || '.' || lpad((n % 900)::text,3,'0'),
       d, CASE WHEN pg_temp.h(n,'s',100)<8 THEN 'P' ELSE 'A' END, NULL,
       c, c + (pg_temp.h(n,'u',500000) || ' minutes')::interval
FROM generate_series(1,3500) n CROSS JOIN v
CROSS JOIN LATERAL (SELECT pg_temp.pick(v.tur, pg_temp.h(n,'t',97)) t,
   timestamp '2015-01-05 08:30:00.123456' + (pg_temp.h(n,'c',4800000)||' minutes')::interval c) x
CROSS JOIN LATERAL (SELECT CASE
   WHEN t LIKE 'CHK%' THEN pg_temp.pick(v.kanal,n) || '-' || pg_temp.pick(v.il,pg_temp.h(n,'i',24))
   WHEN t LIKE 'M%'   THEN pg_temp.pick(v.sektor,n)
   WHEN t LIKE 'HK%'  THEN pg_temp.pick(v.hizmet,n)
   ELSE pg_temp.pick(v.odeme,n) END b) y
CROSS JOIN LATERAL (SELECT b || ' grubu ' || (n % 900) d) z;

INSERT INTO logo.lg_021_specodes
SELECT n, CASE WHEN n % 60 = 0 THEN 2 WHEN n % 75 = 0 THEN 4 ELSE 1 END,
       CASE WHEN n % 75 = 0 THEN 0 ELSE st END,
       upper(left(b,24)) || '-' || lpad((n%300)::text,3,'0'), b || ' ' || (n%300), 0, 0, 0, 0, 0,
       (st IN (1,26) AND n%5=0)::int, (st IN (1,26) AND n%5=1)::int, (st IN (1,26) AND n%5=2)::int,
       (st IN (1,26) AND n%5=3)::int, (st IN (1,26) AND n%5=4)::int, '', '', ''
FROM generate_series(1,1000) n CROSS JOIN v
CROSS JOIN LATERAL (SELECT v.spe[1+pg_temp.h(n,'k',array_length(v.spe,1))::int] st) s
CROSS JOIN LATERAL (SELECT CASE st WHEN 26 THEN pg_temp.pick(v.il,n) WHEN 1 THEN pg_temp.pick(v.sektor,n)
                                   ELSE pg_temp.pick(v.odeme,n) END b) y;
INSERT INTO logo.lg_022_specodes SELECT * FROM logo.lg_021_specodes WHERE logicalref <= 500;  -- year copy of a firm

-- ---------------------------------------------------------------- dirt (DIA-shaped table)
UPDATE erp.sis_ozelkod SET kod = kod || repeat(' ', 1 + (_serial % 7))          WHERE _serial % 17 = 0;   -- trailing blanks
UPDATE erp.sis_ozelkod SET kod = '  ' || kod                                    WHERE _serial % 97 = 0;   -- leading blanks
UPDATE erp.sis_ozelkod SET aciklama = replace(aciklama,' ','  ')                WHERE _serial % 89 = 0;   -- double blanks
UPDATE erp.sis_ozelkod SET aciklama = NULL                                      WHERE _serial % 31 = 0;
UPDATE erp.sis_ozelkod SET aciklama = aciklama || E'\x01\x0b\x1f'               WHERE _serial % 101 = 0;  -- control characters
UPDATE erp.sis_ozelkod SET aciklama = E'ilk satır\r\nikinci\tsatır'             WHERE _serial % 211 = 0;
UPDATE erp.sis_ozelkod SET kod = U&'\FEFF' || kod || U&'\00A0'                  WHERE _serial % 103 = 0;  -- BOM + NBSP
UPDATE erp.sis_ozelkod SET kod = overlay(kod placing U&'\200B' from 3 for 0)    WHERE _serial % 223 = 0;  -- zero width space
UPDATE erp.sis_ozelkod SET kod = normalize(kod, NFD)                            WHERE _serial % 151 = 0;  -- I + U+0307
UPDATE erp.sis_ozelkod SET aciklama = translate(aciklama,'İıŞşĞğ','ÝýÞþÐð')     WHERE _serial % 53 = 0;   -- cp1254 read as latin1
UPDATE erp.sis_ozelkod SET aciklama = '-- "özel" \ test; O''Reilly 🙂 =1+1'     WHERE _serial % 401 = 0;
UPDATE erp.sis_ozelkod SET kod = ''                                             WHERE _serial % 131 = 0;  -- empty code
UPDATE erp.sis_ozelkod SET kod = '   '                                          WHERE _serial % 263 = 0;  -- blank code
UPDATE erp.sis_ozelkod SET kod = repeat('ÇOK-UZUN-KOD-',19)                     WHERE _serial % 499 = 0;  -- 247 characters
UPDATE erp.sis_ozelkod SET durum = NULL WHERE _serial % 199 = 0;
UPDATE erp.sis_ozelkod SET durum = ' '  WHERE _serial % 307 = 0;
UPDATE erp.sis_ozelkod SET durum = 'p'  WHERE _serial % 311 = 0;
UPDATE erp.sis_ozelkod SET _cdate = NULL, _date = NULL                  WHERE _serial % 29 = 0;
UPDATE erp.sis_ozelkod SET _cdate = '1900-01-01', _date = '1900-01-01'  WHERE _serial % 47 = 0;
UPDATE erp.sis_ozelkod SET _cdate = '1899-12-30'                        WHERE _serial % 191 = 0;
UPDATE erp.sis_ozelkod SET _date  = 'infinity'                          WHERE _serial % 997 = 0;
UPDATE erp.sis_ozelkod SET _date  = _cdate - interval '3 days'          WHERE _serial % 193 = 0;          -- updated < created
UPDATE erp.sis_ozelkod SET _key = _key + 3000000000                     WHERE _serial % 251 = 0;          -- > INT32
-- duplicates: same firm+type, code differing only by case, by I/İ, or by trailing blanks
UPDATE erp.sis_ozelkod b SET _level1=a._level1,_level2=a._level2,turkodu=a.turkodu, kod=lower(a.kod)
  FROM erp.sis_ozelkod a WHERE b._serial % 50 = 7 AND a._serial = b._serial-1;
UPDATE erp.sis_ozelkod b SET _level1=a._level1,_level2=a._level2,turkodu=a.turkodu, kod=translate(a.kod,'İı','Ii')
  FROM erp.sis_ozelkod a WHERE b._serial % 50 = 13 AND a._serial = b._serial-1;
UPDATE erp.sis_ozelkod b SET _level1=a._level1,_level2=a._level2,turkodu=a.turkodu, kod=rtrim(a.kod)||'   '
  FROM erp.sis_ozelkod a WHERE b._serial % 50 = 19 AND a._serial = b._serial-1;
-- ---------------------------------------------------------------- dirt (Logo mirror)
UPDATE logo.lg_021_specodes SET definition_ = translate(definition_,'İıŞşĞğ','ÝýÞþÐð') WHERE logicalref::int % 7 = 0;
UPDATE logo.lg_021_specodes SET specode = 'ÿ' WHERE logicalref IN (1,2);             -- Logo's high-value sentinel
UPDATE logo.lg_021_specodes SET specode = ''  WHERE logicalref::int % 61 = 0;
-- ---------------------------------------------------------------- Uyumsoft and Odoo
CREATE TABLE uyumsoft.gnld_category (
  cat_code_id integer PRIMARY KEY, cat_code varchar(30), description varchar(200),
  create_date timestamp, update_date timestamp
);
INSERT INTO uyumsoft.gnld_category
SELECT 1000 + n, pg_temp.pick(v.sektor, n) || '-' || lpad(n::text, 3, '0'), pg_temp.pick(v.sektor, n) || ' kategorisi ' || n,
       timestamp '2018-03-01 09:00' + (pg_temp.h(n, 'uc', 3000000) || ' minutes')::interval,
       CASE WHEN n % 9 = 0 THEN NULL WHEN n % 40 = 0 THEN timestamp 'infinity'
            ELSE timestamp '2024-01-01 09:00' + (pg_temp.h(n, 'uu', 500000) || ' minutes')::interval END
FROM generate_series(1, 120) n CROSS JOIN v;

-- Odoo 16 or newer: names by language. Odoo keeps its times in UTC.
CREATE TABLE odoo.res_partner_category (
  id integer PRIMARY KEY, parent_id integer, color integer, parent_path varchar, name jsonb NOT NULL, active boolean,
  create_date timestamp, write_date timestamp
);
INSERT INTO odoo.res_partner_category
SELECT n, CASE WHEN n > 6 THEN 1 + n % 6 END, n % 12, NULL,
       CASE WHEN n % 5 = 0 THEN jsonb_build_object('en_US', 'Channel ' || n)
            ELSE jsonb_build_object('en_US', 'Channel ' || n, 'tr_TR', pg_temp.pick(v.kanal, n) || ' ' || n) END,
       n % 11 <> 0, timestamp '2022-06-01 05:30:00.25' + n * interval '7 hours', timestamp '2024-06-01 21:45' + n * interval '1 day'
FROM generate_series(1, 40) n CROSS JOIN v;
-- Odoo 15 and older: plain names, which the query reads as well.
CREATE TABLE odoo.product_category (
  id integer PRIMARY KEY, parent_id integer, name varchar NOT NULL, complete_name varchar, parent_path varchar,
  create_date timestamp, write_date timestamp
);
INSERT INTO odoo.product_category
SELECT n, CASE WHEN n > 3 THEN 1 + n % 3 END, pg_temp.pick(v.sektor, n), NULL, NULL,
       timestamp '2022-06-01 05:30' + n * interval '1 day', NULL
FROM generate_series(1, 25) n CROSS JOIN v;

-- ---------------------------------------------------------------- project codes, in the shape that DIA is assumed to have
CREATE TABLE erp.prj_proje (
  _key    bigint PRIMARY KEY,
  _level1 integer NOT NULL,   -- firma kodu
  _level2 integer NOT NULL,   -- dönem kodu
  kod      varchar(256) NOT NULL,
  aciklama varchar(256),
  durum    varchar(1) DEFAULT 'A',
  _cdate   timestamp,
  _date    timestamp
);
INSERT INTO erp.prj_proje
SELECT 500 + n, 21, 1, 'PRJ-' || lpad(n::text, 3, '0') || CASE WHEN n % 6 = 0 THEN '  ' ELSE '' END,
       CASE WHEN n % 9 = 0 THEN NULL ELSE pg_temp.pick(v.sektor, n) || ' yatırımı ' || n END,
       CASE WHEN n = 17 THEN 'X' WHEN n % 8 = 0 THEN 'P' ELSE 'A' END,
       timestamp '2023-02-01 09:00' + n * interval '1 day',
       CASE WHEN n % 7 = 0 THEN NULL ELSE timestamp '2024-05-01 09:00' + n * interval '1 day' END
FROM generate_series(1, 40) n CROSS JOIN v;

-- ---------------------------------------------------------------- the marks that the guard looks for
DO $mark$
DECLARE
  mark CONSTANT text := 'demo ERP of airflow-provider-oduyo';
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['erp', 'logo', 'uyumsoft', 'odoo'] LOOP
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', name, mark);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['erp.sis_ozelkod', 'erp.prj_proje', 'logo.lg_021_specodes', 'logo.lg_022_specodes', 'uyumsoft.gnld_category',
                              'odoo.res_partner_category', 'odoo.product_category'] LOOP
    EXECUTE format('COMMENT ON TABLE %s IS %L', name, mark);
  END LOOP;
END $mark$;
ANALYZE erp.sis_ozelkod, logo.lg_021_specodes, logo.lg_022_specodes;
COMMIT;
