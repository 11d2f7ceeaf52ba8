// Tokens as intervals of [0, 2^30), for arithmetic coding: integers alone, so that what one
// processor wrote any other reads.
#ifndef GPT2_INTERVALS_H_
#define GPT2_INTERVALS_H_

#include <cstdint>
#include <vector>

#include "select.h"

namespace gpt2 {

// The intervals of all tokens after some text. Each is about as long as its token is probable, and
// at least 1 long, so that every token can be written.
class Intervals {
 public:
  static constexpr int64_t kWhole = int64_t{1} << 30;

  // From logits [n], n at most 2^24. Throws Error where they are not finite.
  Intervals(const Selector& selector, const float* logits, int n);
  int64_t begin(int token) const;
  // The token whose interval holds a point of [0, kWhole).
  int at(int64_t point) const;

 private:
  std::vector<int64_t> sums_;  // [n + 1]: of the weights before a token, in units that fit 32 bits
  int64_t spread_;             // what of kWhole is dealt out by weight
};

}  // namespace gpt2

#endif  // GPT2_INTERVALS_H_
