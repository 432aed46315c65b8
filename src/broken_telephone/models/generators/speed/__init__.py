"""Settings that make generators faster or smaller: attention, compiling, quantisation, step caches."""
