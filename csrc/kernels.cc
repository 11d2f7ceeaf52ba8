#include "kernels.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#if GPT2_AMX
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif GPT2_NEON && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace gpt2 {

#if !GPT2_NO_GENERIC
extern const Kernels kernels_generic;
#endif
#if GPT2_AVX2
extern const Kernels kernels_avx2;
#endif
#if GPT2_AVX512
extern const Kernels kernels_avx512;
#endif
#if GPT2_AMX
extern const Kernels kernels_amx;
#endif
#if GPT2_NEON
extern const Kernels kernels_neon;
#endif
#if GPT2_NEON_BASE
extern const Kernels kernels_neon_base;
#endif
#if GPT2_WASM
extern const Kernels kernels_wasm;
#endif

namespace {

#if defined(__x86_64__)
constexpr unsigned kSaved256 = 0x06, kSaved512 = 0xe6, kSavedTiles = 0x600e6;  // bits of XCR0

bool all_of(unsigned found, unsigned wanted) { return (found & wanted) == wanted; }

// Whether the processor has these features, and the operating system saves their registers. It asks
// CPUID: with some compilers (zig's), every __builtin_cpu_supports returns false.
bool has(unsigned basic, unsigned extended, unsigned more, unsigned saved, unsigned newest = 0) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !all_of(c, basic | bit_OSXSAVE)) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  if (!all_of(b, extended) || !all_of(c, more) || !all_of(d, newest)) return false;
  __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  return all_of(a, saved);
}

// Linux saves the tiles only for processes that ask for it.
bool may_use_tiles() {
#if GPT2_AMX
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
#else
  return false;
#endif
}
#endif

bool runs(const char* name) {
#if defined(__x86_64__)
  constexpr unsigned kBasic = bit_FMA | bit_F16C;
  constexpr unsigned kWide = bit_AVX2 | bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
  if (std::strcmp(name, "amx") == 0) {
    constexpr unsigned kTiles = 1u << 24 | 1u << 25;  // AMX-TILE, AMX-INT8
    return has(kBasic, kWide, bit_AVX512VNNI, kSavedTiles, kTiles) && may_use_tiles();
  }
  if (std::strcmp(name, "avx512") == 0) return has(kBasic, kWide, bit_AVX512VNNI, kSaved512);
  if (std::strcmp(name, "avx2") == 0) return has(kBasic, bit_AVX2, 0, kSaved256);
#elif GPT2_NEON && defined(__linux__)  // not checked elsewhere: every Mac has byte dot products
  if (std::strcmp(name, "neon") == 0) return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
  (void)name;
  return true;
}

}  // namespace

const Kernels* find_kernels(const char* name) {
  const Kernels* const best_first[] = {
#if GPT2_AMX
      &kernels_amx,
#endif
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
#if GPT2_WASM
      &kernels_wasm,
#endif
#if !GPT2_NO_GENERIC
      &kernels_generic,
#endif
  };
  for (const Kernels* kernels : best_first) {
    const bool asked = name == nullptr || std::strcmp(name, kernels->name) == 0;
    if (asked && runs(kernels->name)) return kernels;
  }
  return nullptr;
}

}  // namespace gpt2
