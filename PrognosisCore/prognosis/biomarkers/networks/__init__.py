"""U-Nets: built, trained on contours, and asked what they saw."""
