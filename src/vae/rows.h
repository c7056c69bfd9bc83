/* Every row of this room's tables, each in the file named after it; registry.c puts them together. */
#ifndef BF_VAE_ROWS_H
#define BF_VAE_ROWS_H
#include "vae/registry.h"
extern const bf_network bf_network_linear, bf_network_mlp, bf_network_own, bf_network_infogan, bf_network_wae, bf_network_wae_mnist,
                        bf_network_resnet, bf_network_sigma, bf_network_tcvae_mlp, bf_network_tcvae_conv, bf_network_dlib_conv,
                        bf_network_pythae_conv, bf_network_mr_resnet, bf_network_bs_resnet, bf_network_second_stage;
extern const bf_posterior bf_posterior_gaussian, bf_posterior_delta;
extern const bf_prior bf_prior_normal;
extern const bf_rate bf_rate_gaussian_normal, bf_rate_delta_normal;
extern const bf_likelihood bf_likelihood_gaussian_fixed, bf_likelihood_gaussian_learned, bf_likelihood_gaussian_optimal,
                           bf_likelihood_gaussian_per_image, bf_likelihood_gaussian_per_pixel, bf_likelihood_gaussian_decoder,
                           bf_likelihood_bernoulli, bf_likelihood_categorical, bf_likelihood_bitwise, bf_likelihood_logistic_mixture, bf_likelihood_student_t,
                           bf_likelihood_log_abs;
extern const bf_objective bf_objective_beta_vae, bf_objective_capacity;
#endif
