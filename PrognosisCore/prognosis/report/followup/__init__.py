"""The picture and the report of a baseline beside its follow-up."""
