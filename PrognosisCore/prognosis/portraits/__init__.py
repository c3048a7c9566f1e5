"""Method 3: from a photo of a face to its latent, its risk and its edits."""
