"""Times say their zone: staff compare them with logs and with one another."""

DATETIME_FORMAT = "Y-m-d H:i:s e"
