#include "benchmark.h"
