bf_unit_test(test_args bf_cli)
bf_unit_test(test_text bf_cli)
bf_unit_test(test_curve_set bf_cli)
bf_pytest(cli/hostile cli/test_hostile.py)
