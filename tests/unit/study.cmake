bf_unit_test(test_key bf_study)
bf_unit_test(test_study bf_study)
bf_unit_test(test_study_emit bf_study)
bf_unit_test(test_study_fuzz bf_study)
