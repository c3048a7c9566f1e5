"""Runs over a cohort at night: nobody is there to answer, to look at a window, or to read a terminal."""
