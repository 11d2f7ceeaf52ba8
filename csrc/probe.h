// Measures how fast the engine's threads can read memory and multiply on this machine.
#ifndef GPT2_PROBE_H_
#define GPT2_PROBE_H_

#include <cstddef>

#include "kernels.h"
#include "threads.h"

namespace gpt2 {

// Bytes per second: the best run over a buffer of `bytes`, with several numbers of streams per
// thread.
double read_rate(const Kernels& kernels, ThreadPool& pool, size_t bytes, double seconds);
// Floating-point operations per second, a multiply-add counting as two: the best run.
double multiply_rate(const Kernels& kernels, ThreadPool& pool, double seconds);

}  // namespace gpt2

#endif  // GPT2_PROBE_H_
