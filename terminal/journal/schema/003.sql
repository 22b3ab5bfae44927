-- A lock counts time since power-on (terminal/dialogue/locks.py); a lock of before, until some time of day, begins anew.
ALTER TABLE operator ADD COLUMN lock TEXT NOT NULL DEFAULT '';
UPDATE operator SET lock = CASE locked_until
    WHEN '' THEN ''
    WHEN 'always' THEN json_object('boot', '', 'since', 0, 'seconds', NULL)
    ELSE json_object('boot', '', 'since', 0, 'seconds', 1800)
END;
ALTER TABLE operator DROP COLUMN locked_until;
