"""`prognosis ...` = `python -m prognosis ...`: one file a group of verbs."""
