add_library(bf_sample_study STATIC support/sample_study.c)
target_include_directories(bf_sample_study PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/support)
target_link_libraries(bf_sample_study PUBLIC bf_store)
add_executable(make_study support/make_study.c)
target_link_libraries(make_study PRIVATE bf_sample_study)
bf_unit_test(test_result bf_store)
bf_unit_test(test_times_attrs bf_store)
bf_unit_test(test_h5_reserve bf_store)
bf_unit_test(test_pieces bf_store)
bf_unit_test(test_checkpoint bf_store)
bf_unit_test(test_study_file bf_sample_study)
bf_unit_test(test_verify bf_sample_study)
bf_unit_test(test_table_file bf_store)
bf_mpi_test(test_team_checksum "1;2;3;4" bf_store)
bf_mpi_test(test_config_file "1;2;3;4" bf_sample_study)
bf_mpi_test(test_pack "1;2;4" bf_sample_study)

# A disk of 8 MiB; skipped where mounting one is not permitted.
add_executable(test_full_disk mpi/test_full_disk.c ${sanitizer})
target_link_libraries(test_full_disk PRIVATE bf_sample_study)
foreach(n 1 2)
  add_test(NAME mpi/test_full_disk/${n}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/small_disk.sh 8 ${MPIEXEC} -n ${n} $<TARGET_FILE:test_full_disk>)
  set_tests_properties(mpi/test_full_disk/${n} PROPERTIES TIMEOUT 300 LABELS mpi PROCESSORS ${n} SKIP_RETURN_CODE 77
    ENVIRONMENT "${BF_MPI_ENVIRONMENT}")
endforeach()

# outputs/README.md is printed from the tables the writers use.
add_executable(print_schema support/print_schema.c)
target_link_libraries(print_schema PRIVATE bf_train)
add_test(NAME unit/outputs_readme COMMAND print_schema ${PROJECT_SOURCE_DIR}/outputs/README.md)
set_tests_properties(unit/outputs_readme PROPERTIES LABELS unit TIMEOUT 60)

bf_pytest(h5py/reader h5py/test_reader.py)
set_property(TEST h5py/reader APPEND PROPERTY ENVIRONMENT "MAKE_STUDY=$<TARGET_FILE:make_study>")
