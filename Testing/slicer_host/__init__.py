"""Hosts the Slicer modules for tests: slicer-core's real MRML and module logics, doubles for what the wheel lacks.

Real: scene, nodes, storage, logics, slice reslicing, displayable managers, `slicer.util`. Doubles, written for tests
from documented behaviour: `slicer.app`, `slicer.modules`, `qt`, `ctk`, Slicer's widgets and the classes a scripted
module derives from. What passes here still has to pass in the application.
"""
