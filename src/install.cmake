# What `cmake --install` puts where: the program, the library that is all rooms in one, studies and recipes, the manual.

get_property(rooms GLOBAL PROPERTY BF_ROOMS)
list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
add_library(betafield_library STATIC ${objects})
set_target_properties(betafield_library PROPERTIES OUTPUT_NAME betafield)
# The very libraries it was built with, wherever a site keeps them.
set_target_properties(betafield PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS betafield betafield_library RUNTIME ARCHIVE)
install(FILES ${PROJECT_SOURCE_DIR}/include/betafield/betafield.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/betafield)

# MPI and HDF5 have no name in pkg-config that holds everywhere: their libraries are named by path.
set(private_libraries ${HDF5_C_HL_LIBRARIES} ${HDF5_C_LIBRARIES})
list(FILTER private_libraries INCLUDE REGEX "libhdf5")     # not what the HDF5 library itself was linked with
if(BF_ONEDNN)
  list(APPEND private_libraries ${DNNL_LIBRARY} -lgomp)
endif()
list(APPEND private_libraries ${MPI_C_LIBRARIES} -lm)
list(REMOVE_DUPLICATES private_libraries)
list(JOIN private_libraries " " private_libraries)
file(RELATIVE_PATH prefix_from_here /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/betafield.pc.in ${PROJECT_BINARY_DIR}/betafield.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/betafield.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/inputs DESTINATION ${CMAKE_INSTALL_DATADIR}/betafield)
install(PROGRAMS ${PROJECT_SOURCE_DIR}/jobs/report.py ${PROJECT_SOURCE_DIR}/jobs/check.py DESTINATION ${CMAKE_INSTALL_DATADIR}/betafield/jobs)
install(FILES ${PROJECT_SOURCE_DIR}/jobs/results.py ${PROJECT_SOURCE_DIR}/jobs/requirements.txt DESTINATION ${CMAKE_INSTALL_DATADIR}/betafield/jobs)
install(PROGRAMS ${PROJECT_SOURCE_DIR}/slurm/study.sbatch DESTINATION ${CMAKE_INSTALL_DATADIR}/betafield/slurm)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The manual's section on keys is printed by the program itself.
set(manual ${PROJECT_BINARY_DIR}/betafield.1)
set(template ${PROJECT_SOURCE_DIR}/src/cli/betafield.1.in)
add_custom_command(OUTPUT ${manual} DEPENDS betafield ${template} ${PROJECT_SOURCE_DIR}/src/cli/man.cmake VERBATIM
  COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:betafield> -D TEMPLATE=${template} -D VERSION=${PROJECT_VERSION} -D OUTPUT=${manual}
    -P ${PROJECT_SOURCE_DIR}/src/cli/man.cmake)
add_custom_target(manual ALL DEPENDS ${manual})
install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
