"""Method 1: score each lesion of a CT, weigh it by its size, sum to the patient (Yang et al.)."""
