// How fast this machine reads memory and multiplies, as the engine's threads see it.
#ifndef GPT2_PROBE_H_
#define GPT2_PROBE_H_

#include <cstddef>

#include "kernels.h"
#include "threads.h"

namespace gpt2 {

// Bytes a second: the best run over a buffer of `bytes`, among several numbers of streams a thread.
double read_rate(const Kernels& kernels, ThreadPool& pool, size_t bytes, double seconds);
// Floating-point operations a second, a multiply-add counting as two: the best run.
double multiply_rate(const Kernels& kernels, ThreadPool& pool, double seconds);

}  // namespace gpt2

#endif  // GPT2_PROBE_H_
