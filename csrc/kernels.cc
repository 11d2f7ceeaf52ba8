#include "kernels.h"

#include <cstring>

namespace gpt2 {

extern const Kernels kernels_generic;
#if GPT2_AVX2
extern const Kernels kernels_avx2;
#endif
#if GPT2_AVX512
extern const Kernels kernels_avx512;
#endif

namespace {

bool runs(const char* name) {
#if defined(__x86_64__)
  if (std::strcmp(name, "avx512") == 0) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
  }
  if (std::strcmp(name, "avx2") == 0) {  // every processor with AVX2 has F16C
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  (void)name;
  return true;
}

}  // namespace

const Kernels* find_kernels(const char* name) {
  const Kernels* const best_first[] = {
#if GPT2_AVX512
      &kernels_avx512,
#endif
#if GPT2_AVX2
      &kernels_avx2,
#endif
      &kernels_generic};
  for (const Kernels* kernels : best_first) {
    const bool asked = name == nullptr || std::strcmp(name, kernels->name) == 0;
    if (asked && runs(kernels->name)) return kernels;
  }
  return nullptr;
}

}  // namespace gpt2
