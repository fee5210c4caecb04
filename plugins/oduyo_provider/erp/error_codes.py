"""The causes behind the databases' error codes: one passes by itself, the others need a person.

For a code that is in no table, :mod:`oduyo_provider.erp.driver_errors` decides by the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from oduyo_provider.erp.driver import Database

#: A number of SQL Server or MySQL, or a name such as ``ORA-00942``.
Code = int | str


class Cause(Enum):
    """Why the database refused. All but PASSING need a person."""

    PASSING = "passing"
    LOGIN = "login"
    DATABASE = "database"
    RIGHTS = "rights"
    TABLE = "table"
    QUERY = "query"
    VALUE = "value"
    ENCODING = "encoding"
    LETTER = "letter"
    READ_ONLY = "read_only"
    PARAMETERS = "parameters"
    DRIVER = "driver"


def _index(causes: Mapping[Cause, Iterable[Code]]) -> dict[Code, Cause]:
    return {code: cause for cause, codes in causes.items() for code in codes}


# SQL Server's numbers, and from 20000 to 20299 those of DB-Library, the client library below pymssql.
# Transient ones: https://learn.microsoft.com/dotnet/api/microsoft.data.sqlclient.sqlconfigurableretryfactory and
# https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues
# All: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
# DB-Library: https://github.com/FreeTDS/freetds/blob/master/include/sybdb.h
# Microsoft counts 4060 as transient; here it is mostly a wrong database name. 20002 and 20018 are left out: they come
# with every refused login and every message.
_SQL_SERVER = _index(
    {
        Cause.PASSING: (
            *(64, 121, 233, 258, 596, 601, 701, 802, 845, 921, 922, 924, 927, 952, 976, 978, 983, 997),
            *(1101, 1105, 1204, 1205, 1219, 1222, 3960, 3961, 4221, 6005, 6006, 8628, 8645, 8651, 9001, 9002),
            *(10053, 10054, 10060, 10061, 10928, 10929, 10936, 17142, 17187, 17188, 17197, 17809, 18401, 18451),
            *(18461, 40143, 40197, 40501, 40540, 40549, 40550, 40551, 40552, 40553, 40613, 42108),
            *(42109, 49918, 49919, 49920, 20003, 20004, 20006, 20008, 20009, 20010, 20013, 20017, 20047),
        ),
        Cause.LOGIN: (18450, 18452, 18456, 18470, 18486, 18487, 18488, 20014, 40615),
        Cause.DATABASE: (911, 916, 4060, 4064),
        Cause.RIGHTS: (229, 230, 297, 300),
        Cause.TABLE: (208,),
        Cause.VALUE: (220, 232, 241, 242, 244, 245, 248, 295, 296, 512, 517, 535, 8114, 8115, 8134, 8152, 8169),
    }
)

# https://dev.mysql.com/doc/mysql-errors/8.0/en/ (server and, from 2000, client) and
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MYSQL = _index(
    {
        Cause.PASSING: (
            *(1020, 1021, 1037, 1038, 1040, 1041, 1042, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184),
            *(1114, 1135, 1203, 1205, 1206, 1213, 1226, 1317, 1412, 1927, 1969, 3024, 3169, 3572, 4031),
            *(2002, 2003, 2005, 2006, 2012, 2013, 2055),
        ),
        Cause.LOGIN: (1045, 1129, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 2059, 2061, 3118, 3159, 4151),
        Cause.DATABASE: (1044, 1046, 1049),
        Cause.RIGHTS: (1142, 1143, 1227, 1370),
        Cause.TABLE: (1146,),
        Cause.VALUE: (1242, 1264, 1292, 1365, 1366, 1411, 1690),
    }
)


def _ora(*numbers: int) -> list[str]:
    return [f"ORA-{number:05}" for number in numbers]


# https://docs.oracle.com/en/error-help/db/ (ORA; TNS has the same numbers), and for the drivers' own codes
# https://python-oracledb.readthedocs.io/en/latest/user_guide/troubleshooting.html (DPY, DPI)
_ORACLE = _index(
    {
        Cause.PASSING: (
            *_ora(18, 19, 20, 22, 28, 31, 51, 54, 60, 257, 376, 603, 609, 1012, 1013, 1033, 1034, 1041, 1043, 1089),
            *_ora(1090, 1092, 1109, 1115, 1555, 1652, 2391, 2396, 2399, 3113, 3114, 3135, 3136, 4021, 4031, 8103),
            *_ora(12150, 12153, 12157, 12170, 12514, 12516, 12518, 12519, 12520, 12526, 12527, 12528, 12535, 12537),
            *_ora(12541, 12543, 12545, 12547, 12560, 12570, 12571, 12583, 12592, 12609, 12757, 25401, 25402),
            *_ora(25403, 25405, 25408, 25409, 27146, 28511, 30006),
            *("DPI-1010", "DPI-1067", "DPI-1080", "DPY-1001", "DPY-4011", "DPY-4024", "DPY-6005"),
        ),
        Cause.LOGIN: (*_ora(1005, 1017, 1045, 28000, 28001), "DPY-4001"),
        Cause.DATABASE: (*_ora(12154, 12505), "DPY-4000", "DPY-6003"),
        Cause.RIGHTS: _ora(1031, 41900),
        Cause.TABLE: _ora(942),
        Cause.QUERY: _ora(900, 904, 907, 911, 923, 933, 936),
        Cause.VALUE: _ora(
            *(1426, 1427, 1438, 1476, 1722, 1830, 1839, 1841, 1843, 1847, 1858, 1861, 6502, 22835, 29275)
        ),
        Cause.DRIVER: (*_ora(28040), "DPI-1047", "DPY-3010", "DPY-3015"),
    }
)

_CODES = {Database.SQL_SERVER: _SQL_SERVER, Database.MYSQL: _MYSQL, Database.ORACLE: _ORACLE}

# https://www.postgresql.org/docs/current/errcodes-appendix.html, and for ODBC
# https://learn.microsoft.com/sql/odbc/reference/appendixes/appendix-a-odbc-error-codes. 70100 is MySQL's.
# Of several entries that a SQLSTATE begins with, the longest counts.
_SQLSTATES = _index(
    {
        Cause.PASSING: ("08", "25P03", "25P04", "40", "53", "55006", "55P03", "57", "58", "70100", "HYT"),
        Cause.LOGIN: ("28",),
        Cause.DATABASE: ("3D", "57P04"),
        Cause.RIGHTS: ("42501",),
        Cause.TABLE: ("42P01", "42S02", "3F"),
        Cause.QUERY: ("0A", "42", "54", "HYC00"),
        Cause.VALUE: ("21", "22", "HY106", "HY004"),
        Cause.ENCODING: ("22021",),
        Cause.LETTER: ("22P05",),
        Cause.READ_ONLY: ("25006",),
        Cause.PARAMETERS: ("42P02", "07002"),
        Cause.DRIVER: ("01", "IM"),
    }
)

# Over ODBC, nearly all errors of SQL Server have 42000, even deadlocks. PostgreSQL uses 08P01 for a placeholder without
# a value, PgBouncer for everything.
_VAGUE_SQLSTATES = frozenset({"42000", "08P01"})


def find_cause(database: Database, codes: Iterable[Code]) -> Cause | None:
    """The cause that the codes of one error have; None if none of them is known.

    A code that needs a person outweighs one that passes, as a refused login closes the connection as well.
    """
    known = _CODES.get(database, {})
    causes = [known[code] for code in codes if code in known]
    return next((cause for cause in causes if cause is not Cause.PASSING), causes[0] if causes else None)


def find_sqlstate_cause(sqlstate: str) -> Cause | None:
    """The cause of a SQLSTATE; None if neither it nor its class is known, or if it is too vague."""
    if sqlstate in _VAGUE_SQLSTATES:
        return None
    return next((_SQLSTATES[sqlstate[:size]] for size in (5, 3, 2) if sqlstate[:size] in _SQLSTATES), None)
