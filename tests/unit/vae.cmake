add_library(bf_vae_rig STATIC support/vae_rig.c)
target_link_libraries(bf_vae_rig PUBLIC bf_vae bf_twins)

bf_unit_test(test_vae_ops bf_vae bf_twins)
bf_unit_test(test_vae_gradient bf_vae_rig)
bf_unit_test(test_vae_values bf_vae_rig)
bf_unit_test(test_vae_lanes bf_vae_rig)
bf_unit_test(test_vae bf_vae_rig)
bf_unit_test(test_layer_text bf_vae)
