// Raw C peers for the benchmarks.
