#include "kernels.h"

#include <cstring>

#if GPT2_NEON && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace gpt2 {

extern const Kernels kernels_generic;
#if GPT2_AVX2
extern const Kernels kernels_avx2;
#endif
#if GPT2_AVX512
extern const Kernels kernels_avx512;
#endif
#if GPT2_NEON
extern const Kernels kernels_neon;
#endif
#if GPT2_NEON_BASE
extern const Kernels kernels_neon_base;
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
#elif GPT2_NEON && defined(__linux__)  // elsewhere: every Mac has the dot product of bytes
  if (std::strcmp(name, "neon") == 0) return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
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
#if GPT2_NEON
      &kernels_neon,
#endif
#if GPT2_NEON_BASE
      &kernels_neon_base,
#endif
      &kernels_generic};
  for (const Kernels* kernels : best_first) {
    const bool asked = name == nullptr || std::strcmp(name, kernels->name) == 0;
    if (asked && runs(kernels->name)) return kernels;
  }
  return nullptr;
}

}  // namespace gpt2
