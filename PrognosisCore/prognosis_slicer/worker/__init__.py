"""The command line as a process that Slicer or an editor keeps, and whose end it never waits for."""
