"""What the Slicer modules of Prognosis share: the scene, the worker, panels, and installing what they need."""
