"""Training a generator of faces on one's own photos, most often from one that was trained on many others."""
