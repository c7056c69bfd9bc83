/* betafield: one study file in, one HDF5 tree out. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return bf_cli(argc, argv, NULL);
}
