bf_unit_test(test_measure bf_measure)
bf_unit_test(test_evaluate bf_train)
