bf_unit_test(test_kernels_info bf_nn)
