bf_unit_test(test_machine bf_base)
