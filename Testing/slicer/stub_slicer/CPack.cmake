# Slicer sets up the packages of the extension here.
message(STATUS "Package ${CMAKE_PROJECT_NAME}")
