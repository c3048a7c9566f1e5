"""Method 2: what networks trained to segment tumours on PET and CT know of survival."""
