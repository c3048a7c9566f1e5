"""The heat of a scored baseline on a later CT, and whether a recurrence lies where it was hot."""
