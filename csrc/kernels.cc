#include "kernels.h"

#include <cstring>

namespace gpt2 {

extern const Kernels kernels_generic;
#if defined(__x86_64__)
extern const Kernels kernels_avx2, kernels_avx512;
#endif

namespace {

bool runs(const Kernels& kernels) {
#if defined(__x86_64__)
  if (&kernels == &kernels_avx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
  }
  if (&kernels == &kernels_avx2) {  // every processor with AVX2 has F16C
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  (void)kernels;
  return true;
}

}  // namespace

const Kernels* find_kernels(const char* name) {
  const Kernels* const best_first[] = {
#if defined(__x86_64__)
      &kernels_avx512, &kernels_avx2,
#endif
      &kernels_generic};
  for (const Kernels* kernels : best_first) {
    const bool asked = name == nullptr || std::strcmp(name, kernels->name) == 0;
    if (asked && runs(*kernels)) return kernels;
  }
  return nullptr;
}

}  // namespace gpt2
