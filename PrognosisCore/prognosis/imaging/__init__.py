"""Volumes and lesions in patient space: readers, checks, geometry."""
