"""Between the scene and the library: nodes to files and masks, results to nodes. The scene is RAS, the library LPS."""
