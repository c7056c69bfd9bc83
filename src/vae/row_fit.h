/* Likelihoods whose row statistic is -log p(x|z) itself. */
#ifndef BF_VAE_ROW_FIT_H
#define BF_VAE_ROW_FIT_H
double bf_row_fit_distortion(double fit, int width, double log_variance);
/* NaN: what the row is charged with is not one variance, or not one that its statistic tells. */
double bf_row_fit_variance(double fit, int width, double log_variance);
#endif
