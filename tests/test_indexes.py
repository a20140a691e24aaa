"""An index costs every insert: none repeats the beginning of another."""

import pytest

from db import sql

# Of a plain index, and one that begins with its columns and covers all rows too. The
# tables that Django makes for many-to-many fields have theirs from Django.
REPEATED = """
SELECT DISTINCT shorter.indrelid::regclass::text, shorter.indexrelid::regclass::text
FROM pg_index AS shorter
JOIN pg_index AS longer
    ON longer.indrelid = shorter.indrelid AND longer.indexrelid <> shorter.indexrelid
JOIN pg_class AS relation ON relation.oid = shorter.indrelid
WHERE relation.relnamespace = 'public'::regnamespace
    AND relation.relname ~ '^(accounts|events|flags|segmentation|goals|analytics)_'
    AND relation.relname !~ '_(groups|user_permissions|namespaces|kpis)$'
    AND NOT shorter.indisunique AND shorter.indclass[0] = longer.indclass[0]
    AND shorter.indpred IS NULL AND longer.indpred IS NULL
    AND shorter.indexprs IS NULL AND longer.indexprs IS NULL
    AND concat(array_to_string(longer.indkey::int[], ' '), ' ')
        LIKE concat(array_to_string(shorter.indkey::int[], ' '), ' %%')
"""


@pytest.mark.django_db
def test_no_index_repeats_the_beginning_of_another():
    assert sql.fetch(REPEATED) == []
