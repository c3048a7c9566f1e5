"""The pictures and the report of one scored PET/CT."""
