// The k largest logits without reading the whole output head in full precision.
//
// A scan of an int8 copy of the head gives an upper bound for each logit. Panels whose bound
// reaches the k-th largest logit known so far are then computed in full precision, by the same
// kernel that otherwise computes all of them: the result is the same, bit for bit.
// docs/reference/exact-head.md has the proof, with the same names.
#ifndef GPT2_EXACT_HEAD_H_
#define GPT2_EXACT_HEAD_H_

#include <cstdint>
#include <vector>

#include "buffer.h"
#include "head_copy.h"
#include "kernels.h"
#include "matrix.h"
#include "threads.h"

namespace gpt2 {

// Which logits are needed: the k largest (0: all), and ties with the last of them after division by
// `divisor`, a temperature.
struct Largest {
  int k = 0;
  float divisor = 1;
};

class ExactHead {
 public:
  static constexpr int kMostTop = 64;  // the largest k
  static constexpr int kMostRows = 8;  // of x; with more rows the full head is as fast

  // Logits computed in full precision: in the last row, in all rows; and the number of rows.
  struct Counts {
    int64_t last = 0, total = 0, rows = 0;
  };

  // The head must stay in place as long as this object lives.
  ExactHead(const Matrix& head, const Kernels& kernels, ThreadPool& pool);
  // Whether the method applies to a head: floats, and no more inputs than the proof covers.
  static bool possible(const Matrix& head);
  // Whether it is also worth the copy's memory: the head is too large to stay in a cache.
  static bool pays(const Matrix& head);

  // Logits [rows, outputs] of x [rows, inputs]: bit-identical to the full head for those of a row
  // that may be wanted, -infinity for the others. Every worker calls it; x may be its own copy.
  void run(const Worker& worker, const float* x, int rows, const Largest& wanted, float* logits);

  // Whether the head's numbers are small enough for bounds; otherwise every call would compute all
  // of it.
  bool sound() const { return copy_.largest() < kMost; }
  size_t size() const { return copy_.size(); }
  const Counts& counts() const { return counts_; }

 private:
  // The bounds of one row of x, and the panels to compute for it.
  struct Query {
    bool bounded;          // whether nothing can overflow, so that the bounds hold
    float near, far;       // A and B: a logit is at most centre + scan + A a + B b
    double centre, doubt;  // x m, and the sum of its terms' magnitudes
    float reached;         // the lowest bound of the panels computed first
    size_t computed;       // panels
    std::vector<int> panels;
    std::vector<float> scratch;
  };

  void prepare(int row, const float* x);
  void bound(const Worker& worker, int rows);
  void choose_first(int row, int k);
  void choose_more(int row, const Largest& wanted, const float* logits);
  void compute(const Worker& worker, const float* x, int rows, float* logits) const;
  void count(int rows);
  float* peaks(int row) { return peaks_.data() + static_cast<size_t>(row) * head_.panels(); }

  const Matrix& head_;
  const Kernels& kernels_;
  const int wide_;  // inputs, padded
  HeadCopy copy_;
  Counts counts_;
  // Per call:
  std::vector<Query> queries_;
  std::vector<Step> steps_;         // [rows, 2]
  std::vector<uint8_t> quantized_;  // [rows, 2, wide]
  std::vector<float> scaled_;       // [rows, wide]
  std::vector<float> peaks_;        // [rows, panels]: the largest bound in each
  std::vector<Buffer> products_;    // per worker
};

}  // namespace gpt2

#endif  // GPT2_EXACT_HEAD_H_
