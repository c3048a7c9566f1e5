"""From photos of faces to the latents whose images look like them."""
