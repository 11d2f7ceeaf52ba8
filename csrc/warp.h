// The filters typical_p, epsilon_cutoff and eta_cutoff, and renormalising scores: the options that
// compute with the probabilities themselves. src/gpt2/generation/warpers.py defines them; every
// line here rounds once, like numpy's, so the same tokens are left, bit for bit.
#ifndef GPT2_WARP_H_
#define GPT2_WARP_H_

#include <vector>

#include "gpt2.h"

namespace gpt2 {

// Whether any of them is on.
bool warps(const gpt2_sampling& sampling);

// Filters scores, at least one of them finite, in the order of their ids; what is removed becomes
// -infinity.
void warp(const gpt2_sampling& sampling, std::vector<float>& scores);

}  // namespace gpt2

#endif  // GPT2_WARP_H_
