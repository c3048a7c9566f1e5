"""What computes trained networks."""
