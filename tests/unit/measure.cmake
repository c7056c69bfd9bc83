bf_unit_test(test_measure bf_measure)
bf_unit_test(test_evaluate bf_train)
bf_unit_test(test_curve bf_measure)
bf_unit_test(test_water_filling bf_measure)
