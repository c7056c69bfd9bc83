# Twins: the definitions every backend answers to, and the bench that holds op rows to them.
add_library(bf_twins STATIC twins/twin_backend.c twins/twin_nn.c twins/twin_conv.c twins/twin_norm.c twins/twin_vae.c twins/twin_likelihood.c twins/twin_optimizer.c support/op_bench.c)
target_include_directories(bf_twins PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/support)
target_link_libraries(bf_twins PUBLIC bf_nn PkgConfig::CMOCKA)

bf_unit_test(test_nn_ops bf_twins)
bf_unit_test(test_conv bf_twins)
bf_unit_test(test_norm bf_nn)
bf_unit_test(test_onednn bf_twins)
bf_unit_test(test_plan bf_nn)
bf_unit_test(test_gemm bf_nn)
bf_unit_test(test_params bf_nn)
bf_unit_test(test_optimizer bf_twins)
bf_unit_test(test_kernels_info bf_nn)
