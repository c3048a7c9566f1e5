# Slicer writes the configuration of the extension here.
message(STATUS "Extension ${CMAKE_PROJECT_NAME}")
