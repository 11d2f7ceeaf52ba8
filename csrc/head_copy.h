// An int8 copy of an output head, with a bound of each row's error.
//
// With means m and powers of two c, both per input, row w of the head is
//     w = m + (s q + e) / c,    q integers from -127 to 127, s a scale per row.
// So what all rows share (m) and the inputs' different sizes (c) cost no precision. Any m, c, s
// and q are valid: e is the remainder, and only its norm is kept.
#ifndef GPT2_HEAD_COPY_H_
#define GPT2_HEAD_COPY_H_

#include <cstdint>
#include <vector>

#include "buffer.h"
#include "kernels.h"
#include "matrix.h"
#include "threads.h"

namespace gpt2 {

// The names and numbers of docs/reference/exact-head.md.
constexpr double kHalfUnit = 1.0 / (1 << 24);      // u: the unit roundoff of a float
constexpr double kSpare = 1 + 1.0 / (1 << 20);     // for the rounding of the bounds themselves
constexpr double kDoubles = 1.0 / (1 << 30);       // for sums in double
constexpr double kLeast = 7.8886090522101181e-31;  // 2^-100, far above what underflow can lose
constexpr double kMost = 1.3292279957849159e36;    // 2^120, far below overflow
constexpr int kMostInputs = 1 << 16;               // for which the above holds

// Converts a bound to a float that is not smaller.
float rounded_up(double bound);

class HeadCopy {
 public:
  HeadCopy(const Matrix& head, ThreadPool& pool);

  // Panels [first, first + count) of q, as the kernels take them.
  Integers quantized(int first, int count) const;
  const float* scales() const { return scales_.data(); }
  const int32_t* sums() const { return sums_.data(); }
  int limit() const { return limit_; }                    // as Matrix::limit
  const float* mean() const { return mean_.data(); }      // m, [inputs]
  const float* shrink() const { return shrink_.data(); }  // 1 / c, [inputs]
  // a and b of the proof, one number per output; rows that only pad a panel have a = -infinity.
  const float* near() const { return near_.data(); }
  const float* far() const { return far_.data(); }
  // No |w c|, |m c| or |s q| is larger.
  double largest() const { return largest_; }
  size_t size() const;

 private:
  // Sums over some rows of the head, one number per input.
  struct Columns {
    std::vector<double> sum, square;
  };
  // Scratch memory of a worker: a panel as stored, and one shifted by m and scaled by c, [inputs
  // padded, 16].
  struct Workspace {
    std::vector<float> block, moved;
    Columns columns;
    int64_t magnitude = 1;
    double largest = 0;
  };

  void measure_columns(const Matrix& head, const Worker& worker, Workspace& space) const;
  void choose_stretch(const Matrix& head, const std::vector<Workspace>& spaces);
  void pack(const Matrix& head, int panel, Workspace& space);
  void measure_rows(int panel, Workspace& space);

  const int outputs_, inputs_, wide_;
  const size_t panel_bytes_;
  int limit_ = 0;
  double largest_ = 0, centre_ = 0;  // centre_: |m c|
  Buffer panels_;
  std::vector<float> mean_, stretch_, shrink_;  // [inputs]: m, c, 1 / c
  std::vector<float> scales_, near_, far_;      // [outputs padded]
  std::vector<int32_t> sums_;
};

}  // namespace gpt2

#endif  // GPT2_HEAD_COPY_H_
