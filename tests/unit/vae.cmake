bf_unit_test(test_vae_ops bf_vae bf_twins)
