"""Tables of patients, read and checked row by row."""
